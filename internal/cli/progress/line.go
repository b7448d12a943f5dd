package progress

import (
	"fmt"
	"io"
	"os"
	"sync"

	"golang.org/x/term"

	"orchestrator/internal/plan"
)

// OnTerminal says whether a person reads what is written there.
func OnTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Line is the line of a terminal. It may be used by several goroutines.
type Line struct {
	out io.Writer

	mu           sync.Mutex
	shown, ended bool
}

// NewLine makes the line of a terminal, on which nothing stands yet.
func NewLine(out io.Writer) *Line { return &Line{out: out} }

// Show says how far a plan has come, and what is being done. A plan of one step is too short for that. After End it does
// nothing.
func (l *Line) Show(t plan.Tally, now string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.Steps < 2 || l.ended {
		return
	}
	l.shown = true
	// Back to the beginning of the line, and away with what stood there.
	_, _ = fmt.Fprintf(l.out, "\r\x1b[K%s: %s", t, now)
}

// End takes the line away.
func (l *Line) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shown && !l.ended {
		_, _ = io.WriteString(l.out, "\r\x1b[K")
	}
	l.ended = true
}
