package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"

	"orchestrator/internal/operate"
)

// account is a line of AuthUsersFile: a person with a password, or a machine with a token.
type account struct {
	name  string
	role  operate.Role
	hash  []byte            // bcrypt; nil for a machine
	token [sha256.Size]byte // SHA-256 of the token, for a machine
}

// accounts are a file of users.
type accounts struct {
	byName  map[string]account
	byToken map[[sha256.Size]byte]account
}

// tokenMark begins the hash of a token.
const tokenMark = "sha256$"

// parseAccounts reads a file of users: lines of name:hash:role. A hash is that of bcrypt, as htpasswd -B makes it, or
// sha256$ and the SHA-256 of a token in hexadecimal digits. Without a role it is that of a viewer. Empty lines and those
// that begin with # do not count.
func parseAccounts(text []byte) (*accounts, error) {
	a := &accounts{byName: map[string]account{}, byToken: map[[sha256.Size]byte]account{}}
	lines := bufio.NewScanner(bytes.NewReader(text))
	var errs []error
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		one, err := parseAccount(line)
		if err == nil {
			err = a.add(one)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", n, err))
		}
	}
	if err := errors.Join(append(errs, lines.Err())...); err != nil {
		return nil, err
	}
	return a, nil
}

func (a *accounts) add(one account) error {
	if _, twice := a.byName[one.name]; twice {
		return fmt.Errorf("%q is there twice", one.name)
	}
	a.byName[one.name] = one
	if one.hash == nil {
		if _, twice := a.byToken[one.token]; twice {
			return fmt.Errorf("%q has the token of somebody else", one.name)
		}
		a.byToken[one.token] = one
	}
	return nil
}

// parseAccount reads one line. Errors never repeat the hash.
func parseAccount(line string) (account, error) {
	fields := strings.Split(line, ":")
	one := account{name: strings.TrimSpace(fields[0]), role: operate.Viewer}
	if len(fields) < 2 || len(fields) > 3 || one.name == "" {
		return one, errors.New("the form is name:hash:role")
	}
	if len(fields) == 3 {
		role, err := operate.ParseRole(strings.TrimSpace(fields[2]))
		if err != nil {
			return one, err
		}
		one.role = role
	}
	hash := strings.TrimSpace(fields[1])
	if digits, is := strings.CutPrefix(hash, tokenMark); is {
		sum, err := hex.DecodeString(digits)
		if err != nil || len(sum) != sha256.Size {
			return one, fmt.Errorf("%s has no SHA-256 behind %s, which are 64 hexadecimal digits", one.name, tokenMark)
		}
		one.token = [sha256.Size]byte(sum)
		return one, nil
	}
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil || cost > maxCost {
		return one, fmt.Errorf("%s has no bcrypt hash of a cost up to %d (htpasswd -nB makes one)", one.name, maxCost)
	}
	one.hash = []byte(hash)
	return one, nil
}

// maxCost bounds how long the check of one password takes: about a second.
const maxCost = 14

// users check who somebody is by AuthUsersFile, which is read again when it has changed.
type users struct {
	file func() string
	now  func() time.Time
	key  [32]byte // of the memory of passwords, which holds no hash that anybody could use elsewhere
	slow chan struct{}

	mu     sync.Mutex
	read   *accounts // nil: it cannot be read
	err    error
	name   string // of the file that was read
	stamp  time.Time
	size   int64
	looked time.Time
	proved map[[sha256.Size]byte]time.Time // until when a pair of name and password needs no check
	dummy  []byte                          // is compared where there is no such user
}

const (
	lookEvery   = time.Second     // for changes of the file
	provedFor   = 5 * time.Minute // a password is not checked anew
	provedMost  = 10_000
	checksAtOne = 4 // bcrypt takes a core for a tenth of a second or more
)

func newUsers(file func() string, now func() time.Time) *users {
	u := &users{file: file, now: now, slow: make(chan struct{}, checksAtOne), proved: make(map[[sha256.Size]byte]time.Time)}
	_, _ = rand.Read(u.key[:]) // never fails, as documented
	return u
}

// CheckUsersFile says why a file of users cannot be used; nil when it can.
func CheckUsersFile(name string) error {
	u := newUsers(func() string { return name }, time.Now)
	_, err := u.accounts()
	return err
}

// accounts are the users as the file has them now. A file that cannot be read lets nobody in.
func (u *users) accounts() (*accounts, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	name := u.file()
	if name == "" {
		return nil, errors.New("AuthUsersFile is not set")
	}
	now := u.now()
	if name == u.name && now.Sub(u.looked) < lookEvery && !now.Before(u.looked) {
		return u.read, u.err
	}
	u.looked = now
	info, err := os.Stat(name)
	if err == nil && u.read != nil && name == u.name && info.ModTime().Equal(u.stamp) && info.Size() == u.size {
		return u.read, nil
	}
	u.name, u.read = name, nil
	clear(u.proved)
	text, readErr := os.ReadFile(name)
	if err = errors.Join(err, readErr); err == nil {
		u.stamp, u.size = info.ModTime(), info.Size()
		u.read, err = parseAccounts(text)
	}
	u.err = nil
	if err != nil {
		u.err = fmt.Errorf("AuthUsersFile %s: %w", name, err)
	}
	return u.read, u.err
}

// errNobody is for who is not in the file, or does not know the password.
var errNobody = errors.New("the name or the password is wrong")

// password checks a name and a password. It takes as long for names that are not there.
func (u *users) password(ctx context.Context, name, password string) (account, error) {
	all, err := u.accounts()
	if err != nil {
		return account{}, err
	}
	one, known := all.byName[name]
	known = known && one.hash != nil
	proof := u.proof(name, password)
	u.mu.Lock()
	until, proved := u.proved[proof]
	if u.dummy == nil {
		// The error is for costs and lengths that these are not.
		u.dummy, _ = bcrypt.GenerateFromPassword([]byte("nobody"), bcrypt.DefaultCost)
	}
	hash := u.dummy
	u.mu.Unlock()
	if known && proved && u.now().Before(until) {
		return one, nil
	}
	if known {
		hash = one.hash
	}
	select {
	case u.slow <- struct{}{}:
		defer func() { <-u.slow }()
	case <-ctx.Done():
		return account{}, ctx.Err()
	}
	if err := bcrypt.CompareHashAndPassword(hash, []byte(password)); err != nil || !known {
		return account{}, errNobody
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.read != all {
		return one, nil // the file has changed meanwhile: the next request checks by the new one
	}
	if len(u.proved) >= provedMost {
		clear(u.proved)
	}
	u.proved[proof] = u.now().Add(provedFor)
	return one, nil
}

func (u *users) proof(name, password string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, u.key[:])
	_, _ = fmt.Fprintf(mac, "%d:%s:%s", len(name), name, password) // writing to a hash never fails
	return [sha256.Size]byte(mac.Sum(nil))
}

// bearer finds whose token it is. Tokens are compared by their SHA-256, of which time tells nothing.
func (u *users) bearer(token string) (account, error) {
	all, err := u.accounts()
	if err != nil {
		return account{}, err
	}
	one, known := all.byToken[sha256.Sum256([]byte(token))]
	if !known || token == "" {
		return account{}, errNobody
	}
	return one, nil
}

// role is that of a user that somebody else has let in; ok is false where the file does not list the name.
func (u *users) role(name string) (operate.Role, bool) {
	all, err := u.accounts()
	if err != nil {
		return operate.Nobody, false
	}
	one, known := all.byName[name]
	return one.role, known
}
