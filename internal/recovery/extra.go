package recovery

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"orchestrator/internal/binlog"
	"orchestrator/internal/failover"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// LogReader is a server whose binary logs can be read.
type LogReader interface {
	BinaryLogs(ctx context.Context) ([]server.BinaryLog, error)
	BinlogEvents(ctx context.Context, kind topology.LogType, file string, pos int64, limit int, channel string) ([]server.BinlogEvent, error)
	DumpBinlog(ctx context.Context, file string, each func(event []byte) error) error
}

// Former is what a former primary is asked for beyond what steps need. *server.Server is one.
type Former interface {
	LogReader
	Cloner
}

const (
	// saveAttempts and savePause are how often saving extra transactions is tried, and the time between two tries.
	saveAttempts = 3
	savePause    = 2 * time.Second
	// leftOutAtMost is how many events that could not be written are named.
	leftOutAtMost = 10
)

// saveExtra saves the transactions that only a former primary holds as a file of SQL, unless that was done before, and
// says in words what came of it. An error means that there is no such file.
func (e *Engine) saveExtra(ctx context.Context, k, primary topology.Key, extra failover.Extra) (SavedTransactions, error) {
	if e.o.Former == nil {
		return SavedTransactions{}, errors.New("this process does not read binary logs")
	}
	dir := e.o.Config().SavedTransactionsDir()
	saved, err := findSaved(dir, k, extra)
	for n := 1; err == nil && saved.File == ""; n++ {
		if saved, err = e.writeExtra(ctx, dir, k, primary, extra); err != nil && n < saveAttempts && pause(ctx, savePause) {
			err = nil
		}
	}
	return saved, err
}

func (e *Engine) writeExtra(ctx context.Context, dir string, k, primary topology.Key, extra failover.Extra) (SavedTransactions, error) {
	logs := e.o.Former(k)
	first, whole, err := firstLog(ctx, logs, extra)
	if err != nil {
		return SavedTransactions{}, err
	}
	saved := SavedTransactions{Server: k, Primary: primary, Extra: extra.String(), Node: e.o.Node.Hostname, At: e.o.Now()}
	return saveTo(dir, saved, func(f *savedFile) error {
		script := binlog.NewScript(f, first)
		script.Wanted = extra.Holds
		script.Limit = int64(e.o.Config().ExtraTransactionsMaxMegabytes) << 20
		if err := script.Begin(f.saved.header()); err != nil {
			return err
		}
		err := logs.DumpBinlog(ctx, first, script.Event)
		if err != nil && !errors.Is(err, binlog.ErrFull) {
			return err
		}
		f.saved.Transactions = len(script.Found())
		f.saved.Gaps = gaps(script, extra, whole, errors.Is(err, binlog.ErrFull), script.Limit)
		return script.End(f.saved.footer())
	})
}

// firstLog finds the newest binary log before which there are no extra transactions. whole is false when even the
// oldest that is left comes after some.
func firstLog(ctx context.Context, s LogReader, extra failover.Extra) (file string, whole bool, err error) {
	logs, err := s.BinaryLogs(ctx)
	if err != nil {
		return "", false, err
	}
	if len(logs) == 0 {
		return "", false, errors.New("it has no binary logs")
	}
	for n := len(logs) - 1; n >= 0; n-- {
		file = logs[n].Name
		list, err := listBefore(ctx, s, file)
		if err != nil {
			return "", false, err
		}
		before, err := extra.Before(list)
		if err != nil {
			return "", false, fmt.Errorf("what comes before %s: %w", file, err)
		}
		if !before {
			return file, true, nil
		}
	}
	return file, false, nil
}

// listBefore reads which transactions come before a binary log.
func listBefore(ctx context.Context, s LogReader, file string) (string, error) {
	const head = 5 // events in which the list stands
	events, err := s.BinlogEvents(ctx, topology.BinaryLog, file, 0, head, "")
	if err != nil {
		return "", err
	}
	for _, e := range events {
		if e.EventType == "Previous_gtids" || e.EventType == "Gtid_list" {
			return strings.Trim(strings.ReplaceAll(e.Info, "\n", ""), "[]"), nil
		}
	}
	return "", fmt.Errorf("%s does not begin with a list of earlier GTIDs", file)
}

// gaps says what is extra and not in the script, one sentence each.
func gaps(script *binlog.Script, extra failover.Extra, whole, full bool, limit int64) []string {
	var out []string
	if full {
		out = append(out, fmt.Sprintf("it was cut at %d MB (ExtraTransactionsMaxMegabytes)", limit>>20))
	}
	if !whole {
		out = append(out, "binary logs with earlier ones are not there any more")
	}
	if missing := extra.Missing(script.Found()); missing != "" {
		out = append(out, "not in it: "+missing)
	}
	left := script.LeftOut()
	for _, text := range left[:min(len(left), leftOutAtMost)] {
		out = append(out, "left out: "+text)
	}
	if more := len(left) - leftOutAtMost; more > 0 {
		out = append(out, fmt.Sprintf("left out: %d more", more))
	}
	return out
}
