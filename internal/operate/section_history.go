package operate

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"orchestrator/internal/topology"
)

// PositionOn is a position in the binary log of a server.
type PositionOn struct {
	Key         topology.Key
	Coordinates topology.Coordinates
}

// PastServer is a server as it stood in the fleet when a snapshot was taken.
type PastServer struct{ Key, Source topology.Key }

// History keeps how the fleet was.
type History interface {
	// Snapshot copies how the fleet stands now.
	Snapshot(ctx context.Context) error
	// Snapshots returns when copies were taken, newest first.
	Snapshots(ctx context.Context) ([]time.Time, error)
	// ClusterAt returns the members of a cluster in the copy of that moment.
	ClusterAt(ctx context.Context, cluster string, at time.Time) ([]PastServer, error)
	// Equivalents returns the positions on other servers that are known to be the same.
	Equivalents(ctx context.Context, p PositionOn) ([]PositionOn, error)
}

func history() []*Operation {
	return []*Operation{{
		Name: "snapshot-topologies", Summary: "Record how the fleet stands now, for topology -pattern", Rights: Write, NoFleet: true,
		Routes: []string{"snapshot-topologies"},
		Client: []Client{{Path: "snapshot-topologies", Print: PrintText}},
		Run: func(ctx context.Context, e *Engine, _ Args) (Result, error) {
			if e.History == nil {
				return Result{}, unavailable("history")
			}
			begun := e.Now()
			if err := e.History.Snapshot(ctx); err != nil {
				return Result{}, fmt.Errorf("snapshot-topologies: %w", err)
			}
			return Result{Value: Quiet{fmt.Sprintf("Took %s", e.Now().Sub(begun))}, Message: "Topology Snapshot completed"}, nil
		},
	}}
}

// pastOutline draws a cluster as it was in the newest snapshot whose Unix time matches: names alone.
func pastOutline(ctx context.Context, e *Engine, a Args, style topology.OutlineStyle) (Result, error) {
	if e.History == nil {
		return Result{}, unavailable("history")
	}
	pattern, err := compilePattern(a.Text(ParamMoment))
	if err != nil {
		return Result{}, err
	}
	moments, err := e.History.Snapshots(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("read the history of topologies: %w", err)
	}
	cluster := firstOf(a.Cluster, a.Text(ParamCluster)) // which may not be there any more
	for _, at := range moments {
		if !pattern.MatchString(strconv.FormatInt(at.Unix(), 10)) {
			continue
		}
		servers, err := e.History.ClusterAt(ctx, cluster, at)
		if err != nil {
			return Result{}, fmt.Errorf("read how cluster %s was: %w", cluster, err)
		}
		t := pastTopology(servers)
		o := e.outline(style, "none")
		o.NamesOnly = true
		return Result{Value: Drawing(o.Draw(t, t.Instances())), Message: fmt.Sprintf("Topology for cluster %s at %d", cluster, at.Unix())}, nil
	}
	return Result{}, errors.New("no snapshot of topologies has a Unix time that matches " + strconv.Quote(pattern.String()))
}

func pastTopology(servers []PastServer) *topology.Topology {
	list := make([]*topology.Instance, 0, len(servers))
	for _, s := range servers {
		i := &topology.Instance{Key: s.Key}
		i.Channel.Source = s.Source
		i.Channel.IOThread, i.Channel.SQLThread = topology.NoThread, topology.NoThread
		list = append(list, i)
	}
	return topology.New(topology.Derive(list, topology.Names{}), topology.Names{})
}
