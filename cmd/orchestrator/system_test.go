package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	_ "modernc.org/sqlite" // for outside tools that write into the SQLite file
)

// programName is under what name the test binary is the program itself.
const programName = "orchestrator"

// versionVariable names the variable that says of which version the program is; without it, of the one that it is.
const versionVariable = "ORCHESTRATOR_TEST_VERSION"

// TestMain lets the test binary be the program too, so that tests run the whole of it in a process of its own, and the
// program that dies when a test wants it to.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case programName:
		if other := os.Getenv(versionVariable); other != "" {
			version = other
		}
		main()
		return
	case doomedName:
		os.Exit(doomedMain())
	}
	os.Exit(m.Run())
}

// program is the program as a command, in a folder of its own and without the environment of the test.
func program(ctx context.Context, dir string, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Args[0] = programName
	cmd.Dir = dir
	// The race detector would have every process sleep for a second before it ends.
	cmd.Env = []string{"TZ=UTC", "HOME=" + dir, "PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0"}
	cmd.WaitDelay = 5 * time.Second
	return cmd, nil
}

// TestSessions plays testdata/session: command lines on a SQLite file, without servers, and what they print. A line
// that begins with `$ ` is a command; up to the next one follow its standard output, then, each behind `! `, lines of
// standard error without their time, then `[exit N]` unless that is 0. A line `…` stands for any lines of standard
// output, `! …` for any of standard error, and `…` within a line for any text. `#` begins a comment, before a command
// only.
//
// Beside the program, there are `write FILE TEXT` and `sql FILE STATEMENT|SCRIPT.sql`, which is an outside tool.
func TestSessions(t *testing.T) {
	for _, name := range []string{"config", "reading", "analysis", "declaring", "records", "import"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := &session{dir: dir, outside: func(ctx context.Context, file, text string) error {
				return writeOutside(ctx, filepath.Join(dir, file), text)
			}}
			s.playFile(t, name)
		})
	}
}

// playFile plays a file of testdata/session.
func (s *session) playFile(t *testing.T, name string) {
	t.Helper()
	file := filepath.Join("testdata", "session", name+".txt")
	text, err := os.ReadFile(file)
	must(t, err)
	for _, step := range steps(string(text)) {
		got, err := s.play(t.Context(), step)
		if err != nil {
			t.Fatalf("%s line %d: $ %s: %v", file, step.line, step.command, err)
		}
		if !matches(step.want, got) {
			t.Errorf("%s line %d: $ %s (-want +got):\n%s", file, step.line, step.command, cmp.Diff(step.want, got))
		}
	}
}

// step is one command of a session and what it must print.
type step struct {
	line    int
	command string
	want    string
}

func steps(text string) []step {
	var list []step
	var want []string
	end := func() {
		if len(list) > 0 {
			list[len(list)-1].want = strings.Join(want, "")
		}
		want = nil
	}
	comment := true
	for n, line := range strings.SplitAfter(text, "\n") {
		if command, is := strings.CutPrefix(line, "$ "); is {
			end()
			list = append(list, step{line: n + 1, command: strings.TrimSuffix(command, "\n")})
			comment = false
			continue
		}
		// A comment belongs to the command after it.
		comment = comment || strings.HasPrefix(line, "# ")
		if !comment {
			want = append(want, line)
		}
	}
	end()
	return list
}

// matches says whether what was printed is what is wanted.
func matches(want, got string) bool {
	var pattern strings.Builder
	for line := range strings.Lines(want) {
		switch line {
		case "…\n":
			pattern.WriteString(`(?:[^!\n].*\n|\n)*`)
		case "! …\n":
			pattern.WriteString(`(?:!.*\n)*`)
		default:
			pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", `.*`))
		}
	}
	return regexp.MustCompile(`\A` + pattern.String() + `\z`).MatchString(got)
}

// session is a folder in which commands run one after another.
type session struct {
	dir string
	// outside runs SQL on the backend as another program does.
	outside func(ctx context.Context, file, text string) error
	// configure changes a configuration before it is written; may be nil.
	configure func(text string) string
}

func (s *session) play(ctx context.Context, step step) (string, error) {
	words, err := split(step.command)
	if err != nil {
		return "", err
	}
	switch words[0] {
	case programName:
		return s.run(ctx, words[1:])
	case "write":
		text := words[2]
		if s.configure != nil {
			text = s.configure(text)
		}
		return "", os.WriteFile(filepath.Join(s.dir, words[1]), []byte(text), 0o600)
	case "sql":
		text := words[2]
		if strings.HasSuffix(text, ".sql") {
			script, err := os.ReadFile(filepath.Join("testdata", text))
			if err != nil {
				return "", err
			}
			text = string(script)
		}
		return "", s.outside(ctx, words[1], text)
	}
	return "", fmt.Errorf("%s: no such command", words[0])
}

// loggedAt is the time at the beginning of a log line.
var loggedAt = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d `)

func (s *session) run(ctx context.Context, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd, err := program(ctx, s.dir, args...)
	if err != nil {
		return "", err
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "", err
	}
	for line := range strings.Lines(errs.String()) {
		out.WriteString("! " + loggedAt.ReplaceAllString(line, ""))
	}
	if exit != nil {
		fmt.Fprintf(&out, "[exit %d]\n", exit.ExitCode())
	}
	return strings.ReplaceAll(out.String(), s.dir, "DIR"), nil
}

// split takes the line of a session apart.
func split(line string) ([]string, error) {
	words, err := wordsOf(line)
	if err != nil {
		return nil, err
	}
	if words[0] != programName && len(words) != 3 {
		return nil, errors.New("two arguments are wanted")
	}
	return words, nil
}

// wordsOf takes a command line apart at its blanks, except between apostrophes.
func wordsOf(line string) ([]string, error) {
	var words []string
	for n, part := range strings.Split(line, "'") {
		if n%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	if strings.Count(line, "'")%2 == 1 || len(words) == 0 {
		return nil, errors.New("a command without an end or a beginning")
	}
	return words, nil
}

// writeOutside runs SQL on the SQLite file as another program does.
func writeOutside(ctx context.Context, file, text string) (err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, text)
	return err
}
