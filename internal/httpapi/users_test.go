package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"orchestrator/internal/operate"
)

func hashOf(t testing.TB, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return tokenMark + hex.EncodeToString(sum[:])
}

func TestParseAccounts(t *testing.T) {
	good := hashOf(t, "x")
	for name, c := range map[string]struct{ text, fails string }{
		"empty":            {"", ""},
		"comments":         {"# people\n\n  \n", ""},
		"htpasswd":         {"alice:" + good + "\n", ""},
		"with a role":      {"alice:" + good + ":operator\r\nci:" + tokenHash("t") + ":admin", ""},
		"no hash":          {"alice", "line 1: the form is name:hash:role"},
		"no name":          {":" + good, "line 1: the form is name:hash:role"},
		"plain text":       {"\nalice:secret:admin", "line 2: alice has no bcrypt hash"},
		"crypt":            {"alice:$1$abcdefgh$ijklmnop", "line 1: alice has no bcrypt hash"},
		"unknown role":     {"alice:" + good + ":root", `role "root"`},
		"more fields":      {"alice:" + good + ":admin:x", "the form is name:hash:role"},
		"short token hash": {"ci:" + tokenMark + "abcd:admin", "has no SHA-256"},
		"twice":            {"a:" + good + "\na:" + good, `line 2: "a" is there twice`},
		"one token twice":  {"a:" + tokenHash("t") + "\nb:" + tokenHash("t"), "line 2"},
		"too slow":         {"a:" + strings.Replace(good, "$04$", "$20$", 1), "a cost up to 14"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseAccounts([]byte(c.text))
			switch {
			case c.fails == "" && err != nil:
				t.Error(err)
			case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
				t.Errorf("%v, want %q", err, c.fails)
			case err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "$1$")):
				t.Errorf("the error repeats the hash: %v", err)
			}
		})
	}
}

func FuzzParseAccounts(f *testing.F) {
	f.Add("alice:" + hashOf(f, "x") + ":operator\n# c\nci:" + tokenHash("t"))
	f.Add("a:b:c:d\n:\n::")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseAccounts([]byte(text))
		if err != nil {
			return
		}
		for name, one := range a.byName {
			if name == "" || one.name != name || !one.role.May(operate.Viewer) {
				t.Errorf("%q: %+v", name, one)
			}
		}
	})
}

// TestUsersFollowTheFile: who is taken out of the file does not get in any more, although the password was checked a
// moment ago; a file that cannot be read lets nobody in.
func TestUsersFollowTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	u := newUsers(func() string { return file }, func() time.Time { return now })
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		now = now.Add(2 * lookEvery)
		if err := os.Chtimes(file, now, now); err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	enter := func(name, password string, want error) {
		t.Helper()
		if _, err := u.password(ctx, name, password); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	if _, err := u.password(ctx, "alice", "x"); err == nil || errors.Is(err, errNobody) {
		t.Errorf("without a file: %v", err)
	}
	write("alice:" + hashOf(t, "wonder") + ":operator\nci:" + tokenHash("t0ken") + ":viewer\n")
	enter("alice", "wonder", nil)
	enter("alice", "wonder", nil) // from memory
	enter("alice", "wonde", errNobody)
	enter("bob", "wonder", errNobody)
	enter("ci", "t0ken", errNobody) // a token is no password
	enter("ci", "", errNobody)
	if one, err := u.bearer("t0ken"); err != nil || one.name != "ci" || one.role != operate.Viewer {
		t.Errorf("%+v %v", one, err)
	}
	for _, wrong := range []string{"", "t0ke", tokenHash("t0ken"), "wonder"} {
		if _, err := u.bearer(wrong); !errors.Is(err, errNobody) {
			t.Errorf("token %q: %v", wrong, err)
		}
	}
	write("alice:" + hashOf(t, "changed") + ":viewer\n")
	enter("alice", "wonder", errNobody)
	if one, err := u.password(ctx, "alice", "changed"); err != nil || one.role != operate.Viewer {
		t.Errorf("%+v %v", one, err)
	}
	write("no user file")
	if _, err := u.password(ctx, "alice", "changed"); err == nil || errors.Is(err, errNobody) {
		t.Errorf("a broken file: %v", err)
	}
	write("")
	enter("alice", "changed", errNobody)
}

// TestUsersWaitForTheirTurn: checks wait for each other, and nobody waits longer than the request lasts.
func TestUsersWaitForTheirTurn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(file, []byte("alice:"+hashOf(t, "x")), 0o600); err != nil {
		t.Fatal(err)
	}
	u := newUsers(func() string { return file }, time.Now)
	for range checksAtOne {
		u.slow <- struct{}{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := u.password(ctx, "alice", "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestThrottle(t *testing.T) {
	now := time.Now()
	g := newThrottle(func() time.Time { return now })
	here, there := httptest.NewRequest("GET", "/", nil), httptest.NewRequest("GET", "/", nil)
	here.RemoteAddr, there.RemoteAddr = "10.0.0.1:1234", "10.0.0.2:1234"
	for range failuresMost {
		if g.blocked(here) != 0 {
			t.Fatal("blocked too early")
		}
		g.fail(here)
	}
	if g.blocked(here) <= 0 || g.blocked(there) != 0 {
		t.Error("the one who guesses is blocked, and nobody else")
	}
	now = now.Add(failureWindow)
	if g.blocked(here) != 0 {
		t.Error("blocked for ever")
	}
	g.fail(here)
	if g.blocked(here) != 0 {
		t.Error("old failures count")
	}
}
