package execute

import (
	"context"
	"errors"
	"fmt"

	"orchestrator/internal/correlate"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// eventLister is a server whose logs can be read. Real ones are.
type eventLister interface {
	BinlogEvents(ctx context.Context, kind topology.LogType, file string, pos int64, limit int, channel string) ([]server.BinlogEvent, error)
}

// logged is a server whose binary logs can be compared with those of another. Real ones are.
type logged interface {
	eventLister
	BinaryLogs(ctx context.Context) ([]server.BinaryLog, error)
	CommitsInOrder(ctx context.Context) (bool, error)
}

// defaultChunk is how many events of a log are read at a time where nothing else is wanted (BinlogEventsChunkSize). The
// servers up to MySQL 5.6, and MariaDB's, write nothing to the log while they list events of it.
const defaultChunk = 10000

// comparedAtMost bounds how many transactions of a log are kept in memory to be compared.
const comparedAtMost = 200_000

var errTooMany = fmt.Errorf("more than %d transactions would have to be compared", comparedAtMost)

// errEnough ends the reading of a log.
var errEnough = errors.New("enough was read")

// part is a log file, from a position on; 0 is its beginning.
type part struct {
	kind    topology.LogType
	file    string
	from    int64
	channel string // of a relay log
}

// eachEvent hands over the events of a log file, reading a bounded number at a time. It ends with the file, or without an
// error when take returns errEnough.
func eachEvent(ctx context.Context, l eventLister, p part, chunk int, take func(topology.LogEvent) error) error {
	if chunk <= 0 {
		chunk = defaultChunk
	}
	limit := max(chunk, 2)
	for from := p.from; ; {
		events, err := l.BinlogEvents(ctx, p.kind, p.file, from, limit, p.channel)
		if err != nil {
			return err
		}
		cut := len(events)
		if cut >= limit {
			if cut = cutBefore(events); cut == 0 { // all of it is one compressed transaction
				limit *= 2
				continue
			}
		}
		for _, e := range events[:cut] {
			if e.LogName == "" {
				e.LogName = p.file
			}
			switch err := take(e); {
			case errors.Is(err, errEnough):
				return nil
			case err != nil:
				return err
			}
		}
		if cut == len(events) {
			return nil
		}
		from, limit = events[cut].Pos, max(chunk, 2)
	}
}

// cutBefore is the last event of a full page at which the next page can begin. The content of a compressed transaction
// is listed with places that nobody can begin at, so that a page with such ends before a transaction.
func cutBefore(events []topology.LogEvent) int {
	compressed := false
	for i := range events {
		compressed = compressed || events[i].EventType == "Transaction_payload"
	}
	for i := len(events) - 1; i > 0; i-- {
		switch events[i].EventType {
		case "Gtid", "Gtid_tagged", "Anonymous_Gtid":
			return i
		}
		if !compressed {
			return i
		}
	}
	return 0
}

// received reads what a replica has received after a place in its source's log, from its relay logs. The replica must
// have applied all of it, and receive no more.
func (o EventOptions) received(ctx context.Context, s Server, c *topology.Channel, least topology.Coordinates) (*correlate.Tail, error) {
	l, ok := s.(logged)
	switch {
	case !ok:
		return nil, errors.New("its logs cannot be read")
	case c.Relay.IsEmpty():
		return nil, errors.New("it has no relay log")
	}
	if inOrder, err := l.CommitsInOrder(ctx); err != nil || !inOrder {
		return nil, errors.Join(err, errOutOfOrder)
	}
	first, err := o.relayLogFor(ctx, l, c, least)
	if err != nil {
		return nil, err
	}
	tail, decode, group := &correlate.Tail{}, correlate.Received{}, correlate.Grouper{Skip: o.Skip}
	for file := first; file != ""; file = decode.Next {
		err := eachEvent(ctx, l, part{kind: topology.RelayLog, file: file, channel: c.Name}, o.Chunk, func(e topology.LogEvent) error {
			placed, ok, err := decode.Take(e)
			if err != nil || !ok {
				return err
			}
			t, whole := group.Take(placed)
			switch {
			case !whole || !least.Less(t.End):
				return nil
			case len(tail.Received) == comparedAtMost:
				return errTooMany
			}
			tail.Received = append(tail.Received, t)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	tail.Since = decode.Since
	if n := len(tail.Received); n > 0 && c.Exec.Less(tail.Received[n-1].End) {
		return nil, fmt.Errorf("it has received up to %s and applied up to %s", tail.Received[n-1].End, c.Exec)
	}
	return tail, nil
}

var errOutOfOrder = errors.New("its workers do not commit in the order of its source (preserve_commit_order is off), so its log cannot be compared with that of another")

// relayLogFor finds the relay log that holds a place of the source's log, or the oldest one where none does. A server does
// not list its relay logs, but they are numbered.
func (o EventOptions) relayLogFor(ctx context.Context, l eventLister, c *topology.Channel, at topology.Coordinates) (string, error) {
	since := func(file string) (topology.Coordinates, error) {
		var decode correlate.Received
		err := eachEvent(ctx, l, part{kind: topology.RelayLog, file: file, channel: c.Name}, headEvents, func(e topology.LogEvent) error {
			if _, _, err := decode.Take(e); err != nil {
				return err
			}
			if !decode.Since.IsEmpty() {
				return errEnough
			}
			return nil
		})
		return decode.Since, err
	}
	file := c.Relay.LogFile
	from, err := since(file)
	if err != nil {
		return "", err
	}
	for from.IsEmpty() || at.Less(from) {
		before, ok := previousFile(file)
		if !ok {
			break
		}
		earlier, err := since(before)
		if err != nil {
			if ctx.Err() != nil {
				return "", err
			}
			break // it has been deleted
		}
		file, from = before, earlier
	}
	return file, nil
}

// headEvents is how many events of a relay log are read to see where in the source's log it begins.
const headEvents = 10

// usualDigits is to how many digits servers fill up the numbers of their logs.
const usualDigits = 6

// previousFile is the name of the log before another.
func previousFile(file string) (string, bool) {
	base, n, ok := topology.SplitLogFile(file)
	if !ok || n <= 1 {
		return "", false
	}
	digits := len(file) - len(base) - 1
	if digits > usualDigits {
		digits = usualDigits // the number has outgrown them
	}
	return fmt.Sprintf("%s.%0*d", base, digits, n-1), true
}

// lastLogged reads the last n transactions of a server's binary log before a position, or all there are.
func (o EventOptions) lastLogged(ctx context.Context, s Server, n int, end topology.Coordinates) ([]correlate.Transaction, error) {
	l, ok := s.(logged)
	if !ok {
		return nil, errors.New("its logs cannot be read")
	}
	files, err := l.BinaryLogs(ctx)
	if err != nil {
		return nil, err
	}
	var found []correlate.Transaction
	for i := len(files) - 1; i >= 0 && len(found) < n; i-- {
		if (topology.Coordinates{LogFile: end.LogFile}).Less(topology.Coordinates{LogFile: files[i].Name}) {
			continue
		}
		var here []correlate.Transaction
		group := correlate.Grouper{Skip: o.Skip}
		err := eachEvent(ctx, l, part{kind: topology.BinaryLog, file: files[i].Name}, o.Chunk, func(e topology.LogEvent) error {
			if e.LogName == end.LogFile && e.Pos >= end.LogPos {
				return errEnough
			}
			if t, whole := group.Take(correlate.InBinaryLog(e)); whole {
				if len(here) >= 2*n {
					here = append(here[:0], here[len(here)-n:]...)
				}
				here = append(here, t)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		found = append(here, found...)
	}
	if len(found) > n {
		found = found[len(found)-n:]
	}
	return found, nil
}
