package config

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

// rig is files and an environment in memory.
type rig struct {
	files map[string]string
	env   map[string]string
}

func (r rig) options(names ...string) Options {
	return Options{
		Files: names,
		Env: func(name string) (string, bool) {
			value, ok := r.env[name]
			return value, ok
		},
		ReadFile: func(name string) ([]byte, error) {
			content, ok := r.files[name]
			if !ok {
				return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
			}
			return []byte(content), nil
		},
		DataFile: func() string { return "./orchestrator.sqlite3" },
	}
}

// loadText loads one file "a" of the given content.
func loadText(content string) (*Config, []Warning, error) {
	return rig{files: map[string]string{"a": content}}.load("a")
}

func (r rig) load(names ...string) (*Config, []Warning, error) { return Load(r.options(names...)) }

func mustLoad(t *testing.T, content string) (*Config, []Warning) {
	t.Helper()
	c, warnings, err := loadText(content)
	if err != nil {
		t.Fatalf("load %s: %v", content, err)
	}
	return c, warnings
}

// problems are the errors of a load, one by one.
func problems(t *testing.T, err error) []*Error {
	t.Helper()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("error %v (%T) does not join others", err, err)
	}
	var out []*Error
	for _, one := range joined.Unwrap() {
		var e *Error
		if !errors.As(one, &e) {
			t.Fatalf("error %v is a %T", one, one)
		}
		out = append(out, e)
	}
	return out
}

func keysOf(errs []*Error) []string {
	var out []string
	for _, e := range errs {
		out = append(out, e.Key)
	}
	return out
}

func find(warnings []Warning, kind WarningKind, key string) (Warning, bool) {
	for _, w := range warnings {
		if w.Kind == kind && w.Key == key {
			return w, true
		}
	}
	return Warning{}, false
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q lacks %q", text, part)
		}
	}
}
