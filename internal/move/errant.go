package move

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"orchestrator/internal/gtid"
	"orchestrator/internal/refactor"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// logged is a server whose binary logs can be looked through.
type logged interface {
	BinaryLogs(ctx context.Context) ([]server.BinaryLog, error)
	PreviousGTIDs(ctx context.Context, file string) (string, error)
	BinlogEvents(ctx context.Context, kind topology.LogType, file string, pos int64, limit int, channel string) ([]server.BinlogEvent, error)
}

// LocateErrant finds the binary logs of a replica in which its errant transactions are.
func (r *Runner) LocateErrant(ctx context.Context, key topology.Key) ([]string, error) {
	i, err := r.fresh(ctx, key)
	if err != nil {
		return nil, err
	}
	files, _, err := r.locate(ctx, i)
	if err != nil {
		return nil, fmt.Errorf("locate the errant transactions of %s: %w", key, err)
	}
	return files, nil
}

func (r *Runner) locate(ctx context.Context, i *topology.Instance) ([]string, gtid.Set, error) {
	errant, err := refactor.Errant(r.o.Picture.Snapshot(), i)
	switch {
	case err != nil:
		return nil, errant, err
	case errant.IsEmpty():
		return nil, errant, errors.New("there are none")
	}
	purged, err := gtid.Parse(i.PurgedSet)
	if err != nil {
		return nil, errant, err
	}
	if errant = errant.Subtract(purged); errant.IsEmpty() {
		return nil, errant, errors.New("the binary logs that held them are purged")
	}
	s, ok := r.o.Servers(i.Key).(logged)
	if !ok {
		return nil, errant, errors.New("its binary logs cannot be read")
	}
	logs, err := s.BinaryLogs(ctx)
	if err != nil {
		return nil, errant, err
	}
	// What is before the next file and not before this one is in this one.
	var before []gtid.Set
	for _, l := range logs {
		text, err := s.PreviousGTIDs(ctx, l.Name)
		if err != nil {
			return nil, errant, err
		}
		set, err := gtid.Parse(text)
		if err != nil {
			return nil, errant, fmt.Errorf("%s: %w", l.Name, err)
		}
		before = append(before, set)
	}
	var files []string
	for n, l := range logs {
		rest := errant.Subtract(before[n])
		if n+1 < len(logs) {
			rest = rest.Intersect(before[n+1])
		}
		if !rest.IsEmpty() {
			files = append(files, l.Name)
		}
	}
	return files, errant, nil
}

const (
	// eventPage is how many events of a binary log are read at a time.
	eventPage = 2000
	// errantEventsAtMost bounds what is shown of errant transactions.
	errantEventsAtMost = 1000
)

// ErrantEvent is an event of an errant transaction.
type ErrantEvent struct {
	GTID  string
	Event server.BinlogEvent
}

// String prints where the event stands, of which transaction it is, and what it says: the statement, or which rows of
// which table.
func (e ErrantEvent) String() string {
	return fmt.Sprintf("%s:%d %s %s %s", e.Event.LogName, e.Event.Pos, e.GTID, e.Event.EventType, e.Event.Info)
}

// ErrantStatements are the events of the errant transactions of a replica, in the order of its binary logs; there may be
// more when the answer says that it is cut off.
func (r *Runner) ErrantStatements(ctx context.Context, key topology.Key) (events []ErrantEvent, cutOff bool, err error) {
	i, err := r.fresh(ctx, key)
	if err != nil {
		return nil, false, err
	}
	files, errant, err := r.locate(ctx, i)
	if err != nil {
		return nil, false, fmt.Errorf("show the errant transactions of %s: %w", key, err)
	}
	s := r.o.Servers(key).(logged) // locate has seen that
	for _, file := range files {
		if events, cutOff, err = readErrant(ctx, s, file, errant, events); err != nil || cutOff {
			return events, cutOff, err
		}
	}
	return events, false, nil
}

// readErrant adds the events of the wanted transactions in one binary log.
func readErrant(ctx context.Context, s logged, file string, wanted gtid.Set, events []ErrantEvent) (_ []ErrantEvent, cutOff bool, err error) {
	current := ""
	for pos := int64(0); ; {
		page, err := s.BinlogEvents(ctx, topology.BinaryLog, file, pos, eventPage, "")
		if err != nil {
			return events, false, err
		}
		for _, e := range page {
			if e.EventType == "Gtid" || e.EventType == "Gtid_tagged" || e.EventType == "Anonymous_Gtid" {
				current = ""
				if g, ok := nextGTID(e.Info); ok && wanted.ContainsGTID(g) {
					current = g.String()
				}
				continue
			}
			if current == "" {
				continue
			}
			if len(events) == errantEventsAtMost {
				return events, true, nil
			}
			events = append(events, ErrantEvent{current, e})
		}
		if len(page) < eventPage {
			return events, false, nil
		}
		pos = page[len(page)-1].EndLogPos
	}
}

// nextGTID reads the transaction that an event of type Gtid names, as in SET @@SESSION.GTID_NEXT= 'uuid:7'.
func nextGTID(info string) (gtid.GTID, bool) {
	_, text, _ := strings.Cut(info, "'")
	text, _, _ = strings.Cut(text, "'")
	g, err := gtid.ParseGTID(text)
	return g, err == nil
}
