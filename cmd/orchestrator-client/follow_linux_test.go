package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"orchestrator/internal/httpapi"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/plan"
)

// screen is what a person sees of a terminal.
type screen struct {
	tty  *os.File
	more chan string // pieces of what is written there; closed when the terminal is
	text string
}

func newScreen(t *testing.T) *screen {
	t.Helper()
	device, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = device.Close() })
	if err := unix.IoctlSetPointerInt(int(device.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(device.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{more: make(chan string, 1000)}
	if s.tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.more)
		for piece := make([]byte, 4096); ; {
			n, err := device.Read(piece)
			if err != nil {
				return // the terminal is closed
			}
			s.more <- string(piece[:n])
		}
	}()
	return s
}

// await waits until a text stands there.
func (s *screen) await(text string) {
	late := time.After(30 * time.Second)
	for !strings.Contains(s.text, text) {
		select {
		case piece := <-s.more:
			s.text += piece
		case <-late:
			return // the test sees that it is missing
		}
	}
}

// all closes the terminal and is all that was written there.
func (s *screen) all(t *testing.T) string {
	if err := s.tty.Close(); err != nil {
		t.Error(err)
	}
	for piece := range s.more {
		s.text += piece
	}
	return s.text
}

// serveEvents is serve with the second generation of the API.
func serveEvents(t *testing.T, b *operatetest.Backend) string {
	t.Helper()
	api := v2.New(v2.Deps{Engine: b.Engine(), Registry: operate.NewRegistry()})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- api.Run(ctx) }()
	s := httptest.NewServer(httpapi.New(httpapi.Deps{Engine: b.Engine(), Registry: operate.NewRegistry(), V2: api}))
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.Close()
	})
	return s.URL
}

// serveHanging is a service whose stream of events never begins.
func serveHanging(t *testing.T, b *operatetest.Backend) string {
	t.Helper()
	rest := httpapi.New(httpapi.Deps{Engine: b.Engine(), Registry: operate.NewRegistry()})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/events") {
			<-r.Context().Done()
			return
		}
		rest.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestProgressOnATerminal(t *testing.T) {
	const steps = "\r\x1b[K1 of 2 steps: db-a2:3306 replicate from db-a1:3306\r\x1b[K2 of 2 steps: db-a3:3306 replicate from db-a1:3306\r\x1b[K"
	many := []string{"-c", "repoint-replicas", "-i", "db-a1"}
	for name, c := range map[string]struct {
		serve func(*testing.T, *operatetest.Backend) string
		args  []string
		shown string // each step is seen before the next one begins
	}{
		"of many":             {serveEvents, many, steps},
		"as JSON":             {serveEvents, append(many, "-json"), steps},
		"of one":              {serveEvents, []string{"-c", "repoint", "-i", "db-b1"}, ""},
		"nothing is done":     {serveEvents, append(many, "-dry-run"), ""},
		"a question":          {serveEvents, []string{"-c", "which-replicas", "-i", "db-a1"}, ""},
		"an older service":    {serve, many, ""},
		"a stream that hangs": {serveHanging, many, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			cl := client{env: map[string]string{"ORCHESTRATOR_API": c.serve(t, b)}}
			want, errs, code := cl.run(c.args...)
			if errs != "" || code != 0 || want == "" {
				t.Fatalf("without a terminal: exit %d, output %q, errors %q", code, want, errs)
			}
			s := newScreen(t)
			if c.shown != "" {
				b.OnStep = func(done plan.Step) { s.await(": " + done.Server.String()) }
			}
			out, code := cl.runTo(s.tty, c.args...)
			if out != want || code != 0 {
				t.Errorf("exit %d, output %q, want %q", code, out, want)
			}
			if got := s.all(t); got != c.shown {
				t.Errorf("shown %q, want %q", got, c.shown)
			}
		})
	}
}

// TestProgressOfAFailure: what stands on the terminal is gone before the error is said.
func TestProgressOfAFailure(t *testing.T) {
	b := operatetest.New()
	b.Stubborn = operatetest.Key("db-a3")
	cl := client{env: map[string]string{"ORCHESTRATOR_API": serveEvents(t, b)}}
	s := newScreen(t)
	b.OnStep = func(done plan.Step) { s.await(": " + done.Server.String()) }
	_, code := cl.runTo(s.tty, "-c", "repoint-replicas", "-i", "db-a1")
	if got := s.all(t); code != 1 || !strings.Contains(got, "2 of 2 steps, 1 failed: db-a3:3306") || strings.LastIndex(got, "\x1b[K") > strings.Index(got, "it would not") {
		t.Errorf("exit %d, shown %q", code, got)
	}
}
