package execute

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/correlate"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// Held is what a server holds from an entry of its log on.
type Held struct {
	Entry string // its text
	// Transactions are those of the log from that one on.
	Transactions []correlate.Transaction
}

// At is where the entry is: in the server's binary log, or, of what was read in its relay log, in the log of its source.
func (h *Held) At() topology.Coordinates { return h.Transactions[0].Begin }

var errNoMarker = errors.New("no pseudo-GTID entry is found")

// asLogged is a server whose logs can be read.
func asLogged(s Server) (logged, error) {
	if l, ok := s.(logged); ok {
		return l, nil
	}
	return nil, errors.New("its logs cannot be read")
}

// binlogFiles are the names of a server's binary logs, newest first.
func binlogFiles(ctx context.Context, l logged) ([]string, error) {
	logs, err := l.BinaryLogs(ctx)
	names := make([]string, len(logs))
	for i, f := range logs {
		names[len(logs)-1-i] = f.Name
	}
	return names, err
}

// LastLogged finds the last pseudo-GTID entry of a server's binary log, and all that was logged since (unless EntryOnly). A
// limit that is not empty ends the log.
func (o EventOptions) LastLogged(ctx context.Context, s Server, limit topology.Coordinates) (*Held, error) {
	l, err := asLogged(s)
	if err != nil {
		return nil, err
	}
	files, err := binlogFiles(ctx, l)
	if err != nil {
		return nil, err
	}
	var since []correlate.Transaction
	for _, file := range files {
		if !limit.IsEmpty() && limit.Less(topology.Coordinates{LogFile: file}) {
			continue
		}
		var h Held
		err := o.eachLogged(ctx, l, topology.Coordinates{LogFile: file}, func(t *correlate.Transaction) error {
			if !limit.IsEmpty() && limit.Less(t.End) {
				return errEnough
			}
			return o.keep(&h, *t)
		})
		if err != nil {
			return nil, err
		}
		since = append(h.Transactions, since...)
		switch {
		case h.Entry != "":
			return &Held{h.Entry, since}, nil
		case len(since) > o.most():
			return nil, errTooMany
		}
	}
	return nil, fmt.Errorf("%w in its binary logs", errNoMarker)
}

// keep adds a transaction to what is held. A later entry takes the place of an earlier one.
func (o EventOptions) keep(h *Held, t correlate.Transaction) error {
	if entry := t.Entry(o.Marker.Is); entry != "" {
		h.Entry, h.Transactions = entry, h.Transactions[:0]
	} else if o.EntryOnly {
		return nil
	}
	if len(h.Transactions) == o.most() {
		return errTooMany
	}
	h.Transactions = append(h.Transactions, t)
	return nil
}

func (o EventOptions) most() int { return cmp.Or(o.atMost, comparedAtMost) }

// LastReceived finds the last pseudo-GTID entry that a stopped replica has applied from its relay logs, and all that it applied
// since. limit is up to where it has applied its source's log.
func (o EventOptions) LastReceived(ctx context.Context, s Server, c *topology.Channel, limit topology.Coordinates) (*Held, error) {
	l, err := asLogged(s)
	if err != nil {
		return nil, err
	}
	for first, more := c.Relay.LogFile, true; more; first, more = previousFile(first) {
		h, err := o.relayed(ctx, l, c, first, limit)
		switch {
		case err != nil && (ctx.Err() != nil || first == c.Relay.LogFile || errors.Is(err, errTooMany)):
			return nil, err
		case err != nil: // it has been deleted
			return nil, fmt.Errorf("%w in its relay logs, of which %s is the oldest", errNoMarker, c.Relay.LogFile)
		case h.Entry != "":
			return h, nil
		}
	}
	return nil, fmt.Errorf("%w in its relay logs", errNoMarker)
}

// relayed reads the relay logs from one on, up to a place in the source's log.
func (o EventOptions) relayed(ctx context.Context, l logged, c *topology.Channel, first string, limit topology.Coordinates) (*Held, error) {
	var h Held
	var decode correlate.Received
	group := correlate.Grouper{Skip: o.Skip}
	passed := false
	for file := first; file != "" && !passed; file = decode.Next {
		err := eachEvent(ctx, l, part{kind: topology.RelayLog, file: file, channel: c.Name}, o.Chunk, func(e topology.LogEvent) error {
			placed, ok, err := decode.Take(e)
			if err != nil || !ok {
				return err
			}
			t, whole := group.Take(placed)
			switch {
			case !whole:
				return nil
			case limit.Less(t.End):
				passed = true
				return errEnough
			}
			return o.keep(&h, t)
		})
		if err != nil {
			return nil, err
		}
	}
	return &h, nil
}

// eachLogged hands over the transactions of a binary log from a position on.
func (o EventOptions) eachLogged(ctx context.Context, l logged, from topology.Coordinates, take func(*correlate.Transaction) error) error {
	group := correlate.Grouper{Skip: o.Skip}
	return eachEvent(ctx, l, part{kind: topology.BinaryLog, file: from.LogFile, from: from.LogPos}, o.Chunk, func(e topology.LogEvent) error {
		if t, whole := group.Take(correlate.InBinaryLog(e)); whole {
			return take(&t)
		}
		return nil
	})
}

// Find seeks an entry in the binary logs of a server, from the newest on backwards, and returns where it begins. Files
// whose first ascending entry was written later are left out.
func (o EventOptions) Find(ctx context.Context, s Server, entry string) (topology.Coordinates, error) {
	l, err := asLogged(s)
	if err != nil {
		return topology.Coordinates{}, err
	}
	files, err := binlogFiles(ctx, l)
	if err != nil {
		return topology.Coordinates{}, err
	}
	for _, file := range files {
		var found topology.Coordinates
		first := true
		err := o.eachLogged(ctx, l, topology.Coordinates{LogFile: file}, func(t *correlate.Transaction) error {
			if t.Entry(func(text string) bool { return text == entry }) != "" {
				found = t.Begin
			}
			if marker := t.Entry(o.Marker.Is); first && marker != "" {
				first = false
				if o.Marker.Later(marker, entry) {
					return errEnough
				}
			}
			return nil
		})
		if err != nil || !found.IsEmpty() {
			return found, err
		}
	}
	return topology.Coordinates{}, fmt.Errorf("the entry %q is not in its binary logs", entry)
}

// Pursue finds where the binary log of a server goes on after what somebody else holds. A server that is still catching
// up is waited for, as long as patience lasts.
func (o EventOptions) Pursue(ctx context.Context, s Server, held *Held, patience time.Duration) (place topology.Coordinates, matched int, err error) {
	l, err := asLogged(s)
	if err != nil {
		return place, 0, err
	}
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	from, err := o.Find(wait, s, held.Entry)
	if err != nil {
		return place, 0, err
	}
	pursuit := correlate.Pursuit{Held: held.Transactions}
	err = poll(wait, func() (bool, error) {
		done := false
		more, err := o.onwards(ctx, l, &from, func(t *correlate.Transaction) error {
			var err error
			if done, err = pursuit.Take(t); err == nil && done {
				err = errEnough
			}
			return err
		})
		return done || !more, err
	})
	if err != nil && (wait.Err() == nil || ctx.Err() != nil) {
		return place, pursuit.Matched(), err
	}
	place, err = pursuit.Place()
	return place, pursuit.Matched(), err
}

// onwards hands over the transactions of a server's binary logs from a place on, and moves that on. more says that the
// server may yet log what it receives.
func (o EventOptions) onwards(ctx context.Context, l logged, from *topology.Coordinates, take func(*correlate.Transaction) error) (more bool, err error) {
	files, err := binlogFiles(ctx, l)
	if err != nil {
		return false, err
	}
	enough := false
	for i := len(files) - 1; i >= 0 && !enough; i-- {
		if (topology.Coordinates{LogFile: files[i]}).Less(topology.Coordinates{LogFile: from.LogFile}) {
			continue
		}
		if files[i] != from.LogFile {
			*from = topology.Coordinates{LogFile: files[i]}
		}
		err := o.eachLogged(ctx, l, *from, func(t *correlate.Transaction) error {
			*from = t.End
			err := take(t)
			enough = errors.Is(err, errEnough)
			return err
		})
		if err != nil {
			return false, err
		}
	}
	if enough {
		return false, nil
	}
	s, ok := l.(Server)
	if !ok {
		return false, nil
	}
	channels, err := s.Status(ctx)
	for i := range channels {
		more = more || channels[i].SQLThread.Running()
	}
	return more, err
}

// InOrder is an error where the binary log of a server need not be in the order of its source's.
func InOrder(ctx context.Context, s Server) error {
	l, err := asLogged(s)
	if err != nil {
		return err
	}
	channels, err := s.Status(ctx)
	if err != nil || len(channels) == 0 {
		return err // what it writes itself is in order
	}
	ok, err := l.CommitsInOrder(ctx)
	if err == nil && !ok {
		err = errOutOfOrder
	}
	return err
}

var _ logged = (*server.Server)(nil)
