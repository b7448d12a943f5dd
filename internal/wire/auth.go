package wire

import (
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
)

// AuthPlugin is the name of a way to prove a password.
type AuthPlugin string

// The ways to sign in that the server end offers. Of caching_sha2_password it
// speaks the fast path only: it knows the passwords, so there is never a need
// to ask for one in clear.
const (
	NativePassword      AuthPlugin = "mysql_native_password"
	CachingSHA2Password AuthPlugin = "caching_sha2_password"
)

// fastAuthOK tells a client of caching_sha2_password that its proof was right
// and that OK follows.
const fastAuthOK byte = 0x03

// What else the two ends of caching_sha2_password say: that the server does not
// know the password's hash by heart and wants the password itself, and that the
// client wants the key to encrypt it with.
const (
	fullAuth    byte = 0x04
	wantsRSAKey byte = 0x02
)

const scrambleSize = 20

// newScramble gives the random text that a client mixes with its password. It
// has no NUL, which ends it in the greeting, and no byte over 127.
func newScramble() [scrambleSize]byte {
	var s [scrambleSize]byte
	// crypto/rand.Read never returns an error.
	_, _ = rand.Read(s[:])
	for i := range s {
		s[i] &= 0x7f
		if s[i] == 0 || s[i] == '$' {
			s[i]++
		}
	}
	return s
}

// proof is what a client that knows the password sends. An empty password is
// proven by nothing at all.
func (a AuthPlugin) proof(password string, scramble []byte) ([]byte, error) {
	if password == "" {
		return nil, nil
	}
	switch a {
	case NativePassword:
		return nativeProof(password, scramble), nil
	case CachingSHA2Password:
		return cachingSHA2Proof(password, scramble), nil
	}
	return nil, fmt.Errorf("unknown authentication plugin %q", string(a))
}

// nativeProof is SHA1(password) XOR SHA1(scramble + SHA1(SHA1(password))).
func nativeProof(password string, scramble []byte) []byte {
	once := sha1.Sum([]byte(password))
	twice := sha1.Sum(once[:])
	mask := sha1.Sum(append(append(make([]byte, 0, 40), scramble...), twice[:]...))
	subtle.XORBytes(once[:], once[:], mask[:])
	return once[:]
}

// cachingSHA2Proof is SHA256(password) XOR SHA256(SHA256(SHA256(password)) + scramble).
func cachingSHA2Proof(password string, scramble []byte) []byte {
	once := sha256.Sum256([]byte(password))
	twice := sha256.Sum256(once[:])
	mask := sha256.Sum256(append(append(make([]byte, 0, 52), twice[:]...), scramble...))
	subtle.XORBytes(once[:], once[:], mask[:])
	return once[:]
}
