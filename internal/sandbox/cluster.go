package sandbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Cluster is a set of servers that replicate among each other. It must be closed.
type Cluster struct {
	family   Family
	options  Options
	dir      string
	owner    *os.File // locked while this process lives
	ports    *portBook
	launcher *launcher
	nodes    []*Node
	close    func() error
}

// Start boots the servers, sets replication up as the layout says, and returns when it runs: node 0 writable, all others
// read-only, and no transaction in any binary log. It fails with the end of the server's error log when one does not come up.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("start a sandbox: %w", err)
	}
	family, err := Find(options.Flavor)
	if err != nil {
		return nil, err
	}
	c := &Cluster{family: family, options: options, launcher: newLauncher()}
	c.close = sync.OnceValue(c.release)
	if err := c.boot(ctx); err != nil {
		return nil, fmt.Errorf("start a sandbox of %s %s: %w", family.Flavor, family.Version, errors.Join(err, c.Close()))
	}
	return c, nil
}

func (c *Cluster) boot(ctx context.Context) error {
	if err := c.claim(ctx); err != nil {
		return err
	}
	if err := c.makeNodes(ctx); err != nil {
		return err
	}
	if c.galera() {
		return c.bootGalera(ctx)
	}
	err := inParallel(c.nodes, func(n *Node) error {
		if err := n.launch(); err != nil {
			return err
		}
		return n.AwaitSQL(ctx)
	})
	if err != nil {
		return err
	}
	return c.replicate(ctx)
}

// claim makes the cluster's folder and takes the ports.
func (c *Cluster) claim(ctx context.Context) error {
	parent := c.options.Dir
	if parent == "" {
		parent = os.TempDir()
	}
	var err error
	if c.dir, c.owner, err = claimDir(ctx, parent); err != nil {
		return err
	}
	if c.ports, err = openPortBook(); err != nil {
		return err
	}
	for i := range c.options.Nodes {
		port := 0
		if i < len(c.options.Ports) {
			port = c.options.Ports[i]
		}
		if port == 0 {
			address := c.options.address(i)
			if c.options.NodeNamespace[i] != "" {
				address = "" // nobody else is there; it has to be free among the sandboxes only
			}
			if port, err = c.ports.free(address); err != nil {
				return err
			}
		} else if mine, err := c.ports.reserve(port); err != nil {
			return err
		} else if !mine {
			return fmt.Errorf("port %d is in use by another sandbox", port)
		}
		c.nodes = append(c.nodes, &Node{
			Host: reportHost(c.options.address(i)), Port: port, index: i, cluster: c,
			dir: filepath.Join(c.dir, fmt.Sprintf("node%d", i)), dbs: map[string]*sql.DB{},
		})
	}
	if c.galera() {
		return c.claimGalera()
	}
	return c.claimGroup()
}

// makeNodes copies the template and writes the option file for each node.
func (c *Cluster) makeNodes(ctx context.Context) (err error) {
	template, release, err := c.family.template(ctx, c.launcher)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	return inParallel(c.nodes, func(n *Node) error {
		if err := os.MkdirAll(filepath.Join(n.dir, "tmp"), 0o700); err != nil {
			return err
		}
		if err := copyTree(template, n.DataDir()); err != nil {
			return err
		}
		options := c.family.nodeOptions(c.options, n.index, n.dir, n.Port)
		if c.galera() {
			group, err := c.galeraOptions(n)
			if err != nil {
				return err
			}
			options = append(options, group...)
		}
		options = append(options, c.groupOptions(n)...)
		return writeDefaults(filepath.Join(n.dir, "my.cnf"), append(options, c.options.ownOptions(n.index)...))
	})
}

// replicate wires the nodes up and makes node 0 writable.
func (c *Cluster) replicate(ctx context.Context) error {
	primary := c.nodes[0]
	if primary.member() {
		if err := c.formGroup(ctx); err != nil {
			return err
		}
	}
	if c.options.SemiSync {
		if err := primary.waitForReceipts(ctx); err != nil {
			return err
		}
	}
	err := inParallel(c.nodes, func(n *Node) error {
		source := c.options.source(n.index)
		if source < 0 {
			return nil
		}
		return n.Follow(ctx, c.nodes[source])
	})
	if err != nil {
		return err
	}
	if err := c.AwaitReplication(ctx); err != nil {
		return err
	}
	if c.options.SemiSync && len(c.nodes) > 1 {
		if err := primary.awaitReceivers(ctx); err != nil {
			return err
		}
	}
	if primary.member() {
		return nil // the group has opened it
	}
	return primary.SetReadOnly(ctx, false)
}

// Family is the installed family that the nodes run.
func (c *Cluster) Family() Family { return c.family }

// Options are those of Start with the defaults filled in.
func (c *Cluster) Options() Options { return c.options }

// Dir is the cluster's own folder.
func (c *Cluster) Dir() string { return c.dir }

// Nodes lists all nodes; index 0 was the primary at the start.
func (c *Cluster) Nodes() []*Node { return append([]*Node(nil), c.nodes...) }

// Node is the node with index i, from 0.
func (c *Cluster) Node(i int) *Node { return c.nodes[i] }

// Addrs lists the nodes' "host:port".
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		addrs[i] = n.Addr()
	}
	return addrs
}

// Close kills all servers, gives the ports back and removes the cluster's folder. Closing again does nothing more.
func (c *Cluster) Close() error { return c.close() }

func (c *Cluster) release() error {
	err := inParallel(c.nodes, (*Node).shut)
	c.launcher.close()
	if c.ports != nil {
		err = errors.Join(err, c.ports.close())
	}
	if c.dir != "" {
		// Clearing up must not be cut short with what was going on, yet it may not wait for ever either.
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		err = errors.Join(err, releaseDir(ctx, c.dir, c.owner))
	}
	return err
}

// inParallel does the same with all nodes at once and joins what went wrong.
func inParallel(nodes []*Node, do func(*Node) error) error {
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { errs[i] = do(n) })
	}
	all.Wait()
	return errors.Join(errs...)
}
