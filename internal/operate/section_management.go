package operate

import (
	"context"
	"fmt"
	"time"

	"orchestrator/internal/topology"
)

// defaultHold is how long a downtime or a maintenance lasts when nobody says how long.
const defaultHold = 10 * time.Minute

func instanceArg() []Arg { return []Arg{{Param: ParamInstance, Required: true}} }

// management is what is done to the record of a server.
func management() []*Operation {
	return append([]*Operation{
		{
			Name: "discover", Summary: "Look at an instance now and record it, then discover its replicas and its source", Rights: Write,
			Example: "orchestrator -c discover -i db-a1:3306",
			Args:    instanceArg(), Routes: []string{"discover/:host/:port"},
			Client: []Client{{Path: "discover/:host/:port", Needs: []Param{ParamInstance}, Print: PrintKey}},
			Run:    discover,
		},
		{
			Name: "async-discover", Summary: "Begin the discovery of an instance without waiting for it", Rights: Write,
			Args: instanceArg(), Faces: OnlyHTTP, Routes: []string{"async-discover/:host/:port"},
			Client: []Client{{Path: "async-discover/:host/:port", Needs: []Param{ParamInstance}, Print: PrintSpecial}},
			Run: func(_ context.Context, e *Engine, a Args) (Result, error) {
				if e.Discovery == nil {
					return Result{}, unavailable("discovery")
				}
				e.Discovery.DiscoverLater(a.Instance)
				return Result{Message: fmt.Sprintf("Asynchronous discovery initiated for %s", a.Instance)}, nil
			},
		},
		{
			Name: "refresh", Summary: "Look at an instance now and record it", Rights: Write,
			Args: instanceArg(), Routes: []string{"refresh/:host/:port"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Discovery == nil {
					return Result{}, unavailable("discovery")
				}
				if _, err := e.Discovery.Refresh(ctx, a.Instance); err != nil {
					return Result{}, fmt.Errorf("refresh %s: %w", a.Instance, err)
				}
				return Result{Value: a.Instance, Message: fmt.Sprintf("Instance refreshed: %s", a.Instance)}, nil
			},
		},
		{
			Name: "forget", Summary: "Forget an instance; it may be discovered again", Rights: Write,
			Example: "orchestrator -c forget -i db-a1:3306",
			Args:    []Arg{{Param: ParamInstance, Required: true, Verbatim: true}}, Routes: []string{"forget/:host/:port"},
			Client: []Client{{Path: "forget/:host/:port", Needs: []Param{ParamInstance}, Print: PrintNothing}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if err := e.forget(ctx, a.Instance); err != nil {
					return Result{}, err
				}
				return Result{Value: a.Instance, Message: fmt.Sprintf("Instance forgotten: %s", a.Instance)}, nil
			},
		},
		{
			Name: "forget-cluster", Summary: "Forget all instances of a cluster", Rights: Write,
			Args: clusterArgs(), Routes: []string{"forget-cluster/:clusterHint"},
			Client: []Client{{Path: "forget-cluster/:clusterHint", Needs: []Param{ParamCluster}, Print: PrintNothing}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if err := e.forget(ctx, topology.Keys(members(a.Topology, a.Cluster))...); err != nil {
					return Result{}, err
				}
				return Result{Message: fmt.Sprintf("Cluster forgotten: %s", a.Cluster)}, nil
			},
		},
		{
			Name: "set-cluster-alias", Summary: "Set the alias of a cluster by hand", Rights: Write,
			Details: "On the command line the cluster is that of the instance, and -alias is its new alias.",
			Example: "orchestrator -c set-cluster-alias -i db-a1 -alias orders",
			Args:    []Arg{{Param: ParamInstance}, {Param: ParamClusterName}, {Param: ParamAlias, Required: true}},
			Routes:  []string{"set-cluster-alias/:clusterName"},
			Run:     setClusterAlias,
		},
	}, append(downtimes(), maintenances()...)...)
}

func setClusterAlias(ctx context.Context, e *Engine, a Args) (Result, error) {
	if e.Declarations == nil {
		return Result{}, unavailable("cluster aliases")
	}
	cluster := a.Cluster
	if a.Given(ParamInstance) || !a.input.Here.IsZero() {
		i := a.Topology.Instance(a.Instance)
		if i == nil {
			return Result{}, fmt.Errorf("set-cluster-alias needs a known instance of the cluster (-i): %q is not known", a.Text(ParamInstance))
		}
		cluster = i.ClusterName
	}
	alias := a.Text(ParamAlias)
	if err := e.Declarations.SetClusterAlias(ctx, cluster, alias); err != nil {
		return Result{}, fmt.Errorf("set the alias of cluster %s: %w", cluster, err)
	}
	e.audit(ctx, "set-cluster-alias", topology.Key{}, cluster, alias)
	return Result{Message: fmt.Sprintf("Cluster %s now has alias '%s'", cluster, alias)}, nil
}

func discover(ctx context.Context, e *Engine, a Args) (Result, error) {
	if e.Discovery == nil {
		return Result{}, unavailable("discovery")
	}
	i, err := e.Discovery.Discover(ctx, a.Instance)
	if err != nil {
		return Result{}, err // it names the server
	}
	if i == nil {
		return Result{Message: fmt.Sprintf("Instance not discovered, because a filter excludes it: %s", a.Instance)}, nil
	}
	t, err := e.Picture.Topology(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("read the topology after the discovery of %s: %w", i.Key, err)
	}
	if known := t.Instance(i.Key); known != nil {
		i = known // as it stands in the graph
	}
	return Result{Value: Instance{Instance: i, Of: t}, Message: fmt.Sprintf("Instance discovered: %s", i.Key)}, nil
}

func (e *Engine) forget(ctx context.Context, keys ...topology.Key) error {
	if e.Discovery == nil {
		return unavailable("discovery")
	}
	if err := e.Discovery.Forget(ctx, keys...); err != nil {
		return fmt.Errorf("forget %s: %w", topology.JoinKeys(keys), err)
	}
	for _, k := range keys {
		e.audit(ctx, "forget", k, "", "forgotten by hand")
	}
	return nil
}

func downtimes() []*Operation {
	return []*Operation{
		{
			Name: "begin-downtime", Summary: "Declare that an instance is expected to have problems for some time", Rights: Write,
			Details: "Without a duration it is 10 minutes. A downtime that is there already is replaced.",
			Example: `orchestrator -c begin-downtime -i db-a3 -reason "new disks" -duration 3h`,
			Args: []Arg{{Param: ParamInstance, Required: true}, {Param: ParamOwner}, {Param: ParamReason, Required: true},
				{Param: ParamDuration}},
			Routes: []string{"begin-downtime/:host/:port/:owner/:reason", "begin-downtime/:host/:port/:owner/:reason/:duration"},
			Client: []Client{{Path: "begin-downtime/:host/:port/:owner/:reason/:duration", Needs: []Param{ParamInstance, ParamReason}, Print: PrintKey}},
			Run:    beginDowntime,
		},
		{
			Name: "end-downtime", Summary: "End the downtime of an instance", Rights: Write,
			Args: instanceArg(), Routes: []string{"end-downtime/:host/:port"},
			Client: []Client{{Path: "end-downtime/:host/:port", Needs: []Param{ParamInstance}, Print: PrintKey}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Declarations == nil {
					return Result{}, unavailable("downtime")
				}
				was, err := e.Declarations.EndDowntime(ctx, a.Instance)
				if err != nil {
					return Result{}, fmt.Errorf("end the downtime of %s: %w", a.Instance, err)
				}
				return e.ended(ctx, "end-downtime", a.Instance, was, "Downtime ended", "was not downtimed"), nil
			},
		},
	}
}

// hold is for how long a downtime or maintenance is wanted.
func (a *Args) hold() time.Duration {
	if a.Duration == 0 {
		return defaultHold
	}
	return a.Duration
}

func beginDowntime(ctx context.Context, e *Engine, a Args) (Result, error) {
	if e.Declarations == nil {
		return Result{}, unavailable("downtime")
	}
	now := e.Now()
	d := topology.Downtime{Owner: a.Owner, Reason: a.Text(ParamReason), Begin: now, End: now.Add(a.hold())}
	if err := e.Declarations.BeginDowntime(ctx, a.Instance, d); err != nil {
		return Result{}, fmt.Errorf("begin the downtime of %s: %w", a.Instance, err)
	}
	e.audit(ctx, "begin-downtime", a.Instance, "", fmt.Sprintf("owner: %s, reason: %s", d.Owner, d.Reason))
	return Result{Value: a.Instance, Message: fmt.Sprintf("Downtime begun: %s", a.Instance)}, nil
}

// ended answers that something ended, or that there was nothing to end.
func (e *Engine) ended(ctx context.Context, kind string, key topology.Key, was bool, ended, wasNot string) Result {
	if !was {
		return Result{Value: key, Message: fmt.Sprintf("%s %s", key, wasNot)}
	}
	e.audit(ctx, kind, key, "", "ended by hand")
	return Result{Value: key, Message: fmt.Sprintf("%s: %s", ended, key)}
}

func maintenances() []*Operation {
	return []*Operation{
		{
			Name: "begin-maintenance", Summary: "Lock an instance, so that nobody else operates on it", Rights: Write,
			Details: "Without a duration it is 10 minutes. An instance under maintenance is left out of failure detection.",
			Example: `orchestrator -c begin-maintenance -i db-a3 -reason "reshuffling"`,
			Args: []Arg{{Param: ParamInstance, Required: true}, {Param: ParamOwner}, {Param: ParamReason, Required: true},
				{Param: ParamDuration}},
			Routes: []string{"begin-maintenance/:host/:port/:owner/:reason"},
			Client: []Client{{Path: "begin-maintenance/:host/:port/:owner/:reason", Needs: []Param{ParamInstance, ParamReason}, Print: PrintKey}},
			Run:    beginMaintenance,
		},
		{
			Name: "end-maintenance", Summary: "Release the lock of an instance", Rights: Write,
			Args: instanceArg(), Routes: []string{"end-maintenance/:host/:port"},
			Client: []Client{{Path: "end-maintenance/:host/:port", Needs: []Param{ParamInstance}, Print: PrintKey}},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Declarations == nil {
					return Result{}, unavailable("maintenance")
				}
				was, err := e.Declarations.EndMaintenance(ctx, a.Instance)
				if err != nil {
					return Result{}, fmt.Errorf("end the maintenance of %s: %w", a.Instance, err)
				}
				return e.ended(ctx, "end-maintenance", a.Instance, was, "Maintenance ended", "was not under maintenance"), nil
			},
		},
		{
			Name: "end-maintenance-by-id", Summary: "Release a lock by its number", Rights: Write, Faces: OnlyHTTP,
			Args: []Arg{{Param: ParamID, Required: true}}, Routes: []string{"end-maintenance/:maintenanceKey"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				if e.Declarations == nil {
					return Result{}, unavailable("maintenance")
				}
				was, err := e.Declarations.EndMaintenanceByID(ctx, a.Number)
				if err != nil {
					return Result{}, fmt.Errorf("end maintenance %d: %w", a.Number, err)
				}
				message := fmt.Sprintf("Maintenance ended: %d", a.Number)
				if !was {
					message = fmt.Sprintf("Maintenance %d was not active", a.Number)
				}
				return Result{Value: a.Number, Message: message}, nil
			},
		},
		{
			Name: "in-maintenance", Summary: "Tell whether an instance is under maintenance",
			Args: instanceArg(), Routes: []string{"in-maintenance/:host/:port"},
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				list, err := e.activeMaintenances(ctx)
				if err != nil {
					return Result{}, err
				}
				yes := false
				for _, m := range list {
					yes = yes || m.Key == a.Instance
				}
				return Result{Value: Maintained{Key: a.Instance, Yes: yes}, Message: fmt.Sprint(yes)}, nil
			},
		},
		{
			Name: "maintenance", Summary: "List the instances under maintenance", Shape: Bare, Routes: []string{"maintenance"},
			Run: func(ctx context.Context, e *Engine, _ Args) (Result, error) {
				list, err := e.activeMaintenances(ctx)
				return Result{Value: list}, err
			},
		},
	}
}

func (e *Engine) activeMaintenances(ctx context.Context) ([]topology.Maintenance, error) {
	if e.Declarations == nil {
		return nil, unavailable("maintenance")
	}
	list, err := e.Declarations.Maintenances(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the active maintenances: %w", err)
	}
	if list == nil {
		list = []topology.Maintenance{}
	}
	return list, nil
}

func beginMaintenance(ctx context.Context, e *Engine, a Args) (Result, error) {
	if e.Declarations == nil {
		return Result{}, unavailable("maintenance")
	}
	now := e.Now()
	m := topology.Maintenance{
		Key: a.Instance, Owner: a.Owner, Reason: a.Text(ParamReason), Begin: now, End: now.Add(a.hold()), Bounded: a.Duration > 0,
	}
	if _, err := e.Declarations.BeginMaintenance(ctx, m); err != nil {
		return Result{}, fmt.Errorf("begin the maintenance of %s: %w", a.Instance, err)
	}
	e.audit(ctx, "begin-maintenance", a.Instance, "", fmt.Sprintf("owner: %s, reason: %s", m.Owner, m.Reason))
	return Result{Value: a.Instance, Message: fmt.Sprintf("Maintenance begun: %s", a.Instance)}, nil
}
