package execute

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"orchestrator/internal/gtid"
	"orchestrator/internal/topology"
)

// ErrNoPlace says that a replica by GTID was left as it is, or by file and position, because its place by the other is not proven.
var ErrNoPlace = errors.New("not switched")

// provenPlace is an error where the position that a stopped replica by GTID shows is not known to be the one that it has
// applied up to. MariaDB shows the beginning of its source's log file, or nothing, from when it connects until it has
// applied the first transaction: from there it would apply everything in between again. So its source is asked what it had
// logged up to there. MySQL passes over what it has executed already, from wherever it begins.
func (r *Run) provenPlace(ctx context.Context, s Server, c *topology.Channel) error {
	if c.Exec.IsEmpty() {
		return fmt.Errorf("%w: up to which position of its source's log it has applied is not known", ErrNoPlace)
	}
	if c.GTID != topology.MariaDBGTID {
		return nil
	}
	p, err := r.twoPlaces(ctx, s, c)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoPlace, err)
	}
	// Domains that the source does not know come by other channels, those that the replica does not know are ignored by it.
	if here := p.applied.Within(p.known); !here.Equal(p.there.Within(p.applied)) {
		return fmt.Errorf("%w: it says that it has applied the log of %s up to %s, where that had got to %q, and it has applied %q; try again when it has applied something more",
			ErrNoPlace, c.Source, c.Exec, p.there, here)
	}
	return nil
}

// mendGTIDPos sets gtid_slave_pos of a stopped MariaDB replica by file and position to what it has applied, where it is
// something else. Whenever its receiver connects, MariaDB sets it to what has been received, for a later switch to GTID
// (which may be long before that is applied, with a delay or an applier that stands still): a switch in that moment would
// leave out everything in between, and nothing would tell.
func (r *Run) mendGTIDPos(ctx context.Context, s Server, c *topology.Channel) (note string, err error) {
	if c.GTID != topology.FilePosition {
		return "", nil
	}
	if c.Exec.IsEmpty() {
		return "", fmt.Errorf("%w: up to which position of its source's log it has applied is not known", ErrNoPlace)
	}
	p, err := r.twoPlaces(ctx, s, c)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNoPlace, err)
	}
	its := slices.Collect(p.there.All())
	for g := range p.applied.All() {
		if _, ok := p.known.Domain(g.Domain); !ok { // of another source, from earlier
			its = append(its, g)
		}
	}
	want, err := gtid.NewMariaPos(its...)
	if err != nil {
		return "", err
	}
	if want.Equal(p.applied) {
		return "", nil
	}
	able, ok := s.(repositioned)
	channels, err := s.Status(ctx)
	if err != nil {
		return "", err
	}
	if !ok || len(channels) > 1 {
		return "", fmt.Errorf("%w: its gtid_slave_pos is %q, and it has applied %q", ErrNoPlace, p.applied, want)
	}
	if err := able.SetMariaDBSlavePos(ctx, want.String()); err != nil {
		return "", err
	}
	return fmt.Sprintf("gtid_slave_pos was %q", p.applied), nil
}

// twoPlaces is where a stopped MariaDB replica is by its gtid_slave_pos, and by the position that it shows.
type twoPlaces struct {
	applied gtid.MariaPos // what it says that it has applied
	there   gtid.MariaPos // what its source had logged up to the position
	known   gtid.MariaPos // what its source has by now: whose domains come from there
}

func (r *Run) twoPlaces(ctx context.Context, s Server, c *topology.Channel) (p twoPlaces, err error) {
	k := r.resolved(c.Source)
	source := r.e.o.Server(k)
	able, ok := source.(tended)
	if !ok {
		return p, fmt.Errorf("what %s has logged up to %s cannot be asked", k, c.Exec)
	}
	text, err := able.GTIDPosAt(ctx, c.Exec)
	if err != nil {
		return p, fmt.Errorf("what %s has logged up to %s: %w", k, c.Exec, err)
	}
	if p.there, err = gtid.ParseMariaPos(text); err != nil {
		return p, fmt.Errorf("GTID position of %s at %s: %w", k, c.Exec, err)
	}
	its, err := heldBy(ctx, source)
	if err != nil {
		return p, fmt.Errorf("%s: %w", k, err)
	}
	p.known = its.at
	mine, err := s.GTIDs(ctx)
	if err != nil {
		return p, err
	}
	if p.applied, err = gtid.ParseMariaPos(mine.SlavePos); err != nil {
		return p, fmt.Errorf("applied GTID position: %w", err)
	}
	return p, nil
}
