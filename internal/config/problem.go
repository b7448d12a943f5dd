package config

import (
	"errors"
	"strings"
)

// Error is one reason why a configuration is refused. Load, Parse and Reload report all they find, joined with
// errors.Join.
type Error struct {
	File    string // where the key was given; empty when no file gives it
	Key     string // empty when the file as a whole is at fault
	Problem string
	Remedy  string // what to write instead; may be empty
	Err     error  // the cause below, if any
}

// Error says file, key, problem and remedy in one line.
func (e *Error) Error() string {
	return sentence(e.File, e.Key, e.Problem, e.Remedy)
}

// Unwrap gives the cause below, such as fs.ErrNotExist.
func (e *Error) Unwrap() error { return e.Err }

// WarningKind groups warnings by what they are about.
type WarningKind string

// The kinds of warnings.
const (
	UnknownKey    WarningKind = "unknown key"
	RemovedKey    WarningKind = "removed key"
	DeadKey       WarningKind = "key without effect"
	PlannedKeys   WarningKind = "keys without effect yet" // one warning for all keys that ask for what is not built yet
	LegacyKey     WarningKind = "old name"
	RepeatedKey   WarningKind = "repeated key"
	BadPattern    WarningKind = "bad regular expression"
	DoubtfulValue WarningKind = "doubtful value"
	FileSkipped   WarningKind = "file"
	Notice        WarningKind = "notice" // nothing is wrong, but a choice was made that should be known
	NeedsRestart  WarningKind = "restart needed"
)

// Warning is something the operator should know about a configuration that is nevertheless in force.
type Warning struct {
	File   string
	Line   int // on which the key stands, where reading the file has shown it; 0 for others: see Config.Places
	Key    string
	Kind   WarningKind
	Text   string
	Remedy string
}

// String says file, key, text and remedy in one line.
func (w Warning) String() string {
	return sentence(w.File, w.Key, w.Text, w.Remedy)
}

func sentence(file, key, text, remedy string) string {
	var b strings.Builder
	for _, part := range []string{file, key} {
		if part != "" {
			b.WriteString(part)
			b.WriteString(": ")
		}
	}
	b.WriteString(text)
	if remedy != "" {
		b.WriteString("; ")
		b.WriteString(remedy)
	}
	return b.String()
}

// findings gathers what is noticed while loading. The same complaint about the same key is kept once, and nothing more
// is said about a key whose value could not even be read.
type findings struct {
	errs       []error
	warnings   []Warning
	said       map[string]bool
	unreadable map[string]bool
}

func newFindings() *findings {
	return &findings{said: map[string]bool{}, unreadable: map[string]bool{}}
}

func (f *findings) fail(e *Error) {
	if f.unreadable[e.Key] || f.repeated(e.Key, e.Problem) {
		return
	}
	f.errs = append(f.errs, e)
}

// failValue reports a value that could not be decoded.
func (f *findings) failValue(e *Error) {
	f.errs = append(f.errs, e)
	f.unreadable[e.Key] = true
}

func (f *findings) warn(w Warning) {
	if f.repeated(w.File+"\x00"+w.Key, w.Text) {
		return
	}
	f.warnings = append(f.warnings, w)
}

func (f *findings) repeated(key, text string) bool {
	id := key + "\x00" + text
	if f.said[id] {
		return true
	}
	f.said[id] = true
	return false
}

func (f *findings) err() error { return errors.Join(f.errs...) }
