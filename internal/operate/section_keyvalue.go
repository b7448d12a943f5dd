package operate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/topology"
)

// KeyValue is an entry of a key-value store.
type KeyValue struct{ Key, Value string }

// KeyValues are the stores that tell applications where the primaries are.
type KeyValues interface {
	// PutPrimary writes the entries of a cluster, whatever they were, and returns them.
	PutPrimary(ctx context.Context, alias string, primary topology.Key) ([]KeyValue, error)
}

// Attributes are named values that belong to no host in particular.
type Attributes interface {
	PutAttribute(ctx context.Context, name, value string) error
	// Attribute returns a value; ok is false when there is none.
	Attribute(ctx context.Context, name string) (value string, ok bool, err error)
}

func keyValues() []*Operation {
	return []*Operation{{
		Name: "submit-masters-to-kv-stores", Summary: "Write the writeable primary of a cluster, or of each, to the key-value stores", Rights: Write,
		Example: "orchestrator -c submit-masters-to-kv-stores -alias orders",
		Args:    []Arg{{Param: ParamCluster, Stated: true}, {Param: ParamInstance}},
		Routes:  []string{"submit-masters-to-kv-stores", "submit-masters-to-kv-stores/:clusterHint"},
		Client:  []Client{{Path: "submit-masters-to-kv-stores/:clusterHint", Print: PrintSpecial}},
		Run:     submitPrimaries,
	}}
}

// submitPrimaries writes what it can; that one cluster's entries cannot be written does not hold up the others.
func submitPrimaries(ctx context.Context, e *Engine, a Args) (Result, error) {
	if e.KeyValues == nil {
		return Result{}, unavailable("key-value stores")
	}
	written, count := []KeyValue{}, 0
	var errs []error
	for _, c := range a.Topology.Clusters() {
		if a.Cluster != "" && c.Name != a.Cluster {
			continue
		}
		primary := PublishablePrimary(c, e.Now())
		if primary == nil {
			if a.Cluster != "" {
				return Result{}, fmt.Errorf("cluster %s has no writeable primary", c.Name)
			}
			continue
		}
		pairs, err := e.KeyValues.PutPrimary(ctx, c.Alias, primary.Key)
		if err != nil {
			errs = append(errs, fmt.Errorf("write the primary of cluster %s to the key-value stores: %w", c.Name, err))
			continue
		}
		written = append(written, pairs...)
		count++
	}
	return Result{Value: written, Message: fmt.Sprintf("Submitted %d masters", count)}, errors.Join(errs...)
}

// PublishablePrimary is the primary of a cluster that clients may be sent to; nil when there is none.
func PublishablePrimary(c *topology.Cluster, now time.Time) *topology.Instance {
	if i := primaryOf(c); i != nil && WhyUnpublishable(i, now) == nil {
		return i
	}
	return nil
}

// WhyUnpublishable says why clients must not be sent to a server; nil when they may: it takes writes, as was seen at the
// last look, and no recovery has left it behind. One that died while it was writeable is remembered as writeable.
func WhyUnpublishable(i *topology.Instance, now time.Time) error {
	switch {
	case !i.LastCheckValid():
		return fmt.Errorf("%s cannot be reached", i.Key)
	case i.ReadOnly:
		return fmt.Errorf("%s takes no writes", i.Key)
	case i.Downtime.ActiveAt(now) && i.Downtime.LostInRecovery():
		return fmt.Errorf("%s was left behind by a recovery", i.Key)
	}
	return nil
}

// domains note which server a cluster's domain stands for.
func domains() []*Operation {
	return []*Operation{
		{
			Name: "set-heuristic-domain-instance", Summary: "Note the writeable primary of a cluster as the instance of the cluster's domain", Rights: Write,
			Args: clusterArgs(), Faces: OnlyCLI,
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				c, err := e.clusterWithDomain(a)
				if err != nil {
					return Result{}, err
				}
				primary := PublishablePrimary(c, e.Now())
				if primary == nil {
					return Result{}, fmt.Errorf("cluster %s has no writeable primary", c.Name)
				}
				if err := e.Attributes.PutAttribute(ctx, c.Domain, primary.Key.String()); err != nil {
					return Result{}, fmt.Errorf("set the instance of domain %s: %w", c.Domain, err)
				}
				e.audit(ctx, "set-heuristic-domain-instance", primary.Key, c.Name, c.Domain)
				return Result{Value: primary.Key}, nil
			},
		},
		{
			Name: "which-heuristic-domain-instance", Summary: "Show the instance that was noted for the domain of a cluster",
			Args: clusterArgs(), Faces: OnlyCLI,
			Run: func(ctx context.Context, e *Engine, a Args) (Result, error) {
				c, err := e.clusterWithDomain(a)
				if err != nil {
					return Result{}, err
				}
				text, ok, err := e.Attributes.Attribute(ctx, c.Domain)
				switch {
				case err != nil:
					return Result{}, fmt.Errorf("read the instance of domain %s: %w", c.Domain, err)
				case !ok:
					return Result{}, fmt.Errorf("no instance is noted for domain %s: set-heuristic-domain-instance notes one", c.Domain)
				}
				key, err := topology.ParseKey(text, e.defaultPort())
				return Result{Value: key}, err
			},
		},
	}
}

func (e *Engine) clusterWithDomain(a Args) (*topology.Cluster, error) {
	if e.Attributes == nil {
		return nil, unavailable("host attributes")
	}
	c := a.Topology.Cluster(a.Cluster)
	switch {
	case c == nil:
		return nil, noCluster(firstOf(a.Cluster, a.Text(ParamCluster), a.Text(ParamInstance)))
	case c.Domain == "":
		return nil, fmt.Errorf("cluster %s has no domain: DetectClusterDomainQuery finds it", c.Name)
	}
	return c, nil
}
