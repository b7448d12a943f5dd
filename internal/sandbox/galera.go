package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// The program with which the servers of a Galera cluster copy data to one that joins. All nodes begin with the same data
// and what a node has missed comes as increments; but one that was killed amid a change of a table does not know what it
// has, and needs everything anew. All are on one machine, so the address that the joiner tells is a folder.
const (
	galeraMethod = "sandbox"
	galeraScript = `#!/bin/sh
set -e
role= gtid= data= address= increments=
while [ $# -gt 0 ]; do
  case $1 in
    --role) role=$2; shift ;;
    --gtid) gtid=$2; shift ;;
    --datadir) data=$2; shift ;;
    --address) address=$2; shift ;;
    --bypass) increments=yes ;;
  esac
  shift
done

# Waits for a file that tells a place in the group's history, for a minute.
await() {
  tries=3000
  until grep -q : "$1" 2>/dev/null; do
    [ $((tries -= 1)) -gt 0 ] || exit 110
    sleep 0.02
  done
}

# Does something with what a server has, but for what says who it is in its group and what runs there.
each() {
  folder=$1; shift
  find "$folder" -mindepth 1 -maxdepth 1 ! -name 'g*state.dat' ! -name 'galera.cache' ! -name 'tables_flushed' ! -type s -exec "$@"
}

case $role in
  joiner)
    rm -f "$data/../place"
    echo "ready $data"
    await "$data/../place"
    cat "$data/../place" ;;
  donor)
    if [ -z "$increments" ]; then
      rm -f "$data/tables_flushed"
      echo flush tables
      await "$data/tables_flushed"
      gtid=$(cat "$data/tables_flushed")
      each "$address" rm -rf {} +
      each "$data" cp -a -t "$address" {} +
      echo continue
    fi
    echo "$gtid" >"$address/../place.new"
    mv "$address/../place.new" "$address/../place"
    echo "done $gtid" ;;
esac
`
)

// galeraPorts are what a node needs beside the port for clients.
type galeraPorts struct{ group, increments int }

// galera says whether the nodes are one Galera cluster.
func (c *Cluster) galera() bool { return c.options.Layout == Galera }

// galeraProvider is the library that makes a server a member of a group.
func (f Family) galeraProvider() (string, error) {
	for _, dir := range []string{filepath.Join(f.BaseDir, "lib"), "/usr/lib", "/usr/lib64"} {
		if path := filepath.Join(dir, "galera", "libgalera_smm.so"); exists(path) {
			return path, nil
		}
		if path := filepath.Join(dir, "galera-4", "libgalera_smm.so"); exists(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: %s has no Galera beside it: run script/install-servers %s, or install galera-4", ErrNoServer, f.Server, f.Flavor)
}

// claimGalera takes the further ports of the nodes.
func (c *Cluster) claimGalera() error {
	for _, n := range c.nodes {
		for _, port := range []*int{&n.galera.group, &n.galera.increments} {
			var err error
			if *port, err = c.ports.free(n.Host); err != nil {
				return err
			}
		}
	}
	return os.WriteFile(filepath.Join(c.dir, "wsrep_sst_"+galeraMethod), []byte(galeraScript), 0o700) //nolint:gosec // it is a program
}

// galeraOptions make node n a member. A member that is lost counts as lost after one and a half seconds instead of five.
func (c *Cluster) galeraOptions(n *Node) ([]option, error) {
	provider, err := c.family.galeraProvider()
	if err != nil {
		return nil, err
	}
	var members []string
	for _, other := range c.nodes {
		members = append(members, other.at(other.galera.group))
	}
	return []option{
		{"read_only", "OFF"},
		{"innodb_autoinc_lock_mode", "2"},
		{"wsrep_on", "ON"},
		{"wsrep_provider", provider},
		{"wsrep_cluster_name", "sandbox"},
		{"wsrep_cluster_address", "gcomm://" + strings.Join(members, ",")},
		{"wsrep_node_address", n.at(n.galera.group)},
		{"wsrep_node_name", fmt.Sprintf("node%d", n.index)},
		{"wsrep_sst_method", galeraMethod},
		{"wsrep_provider_options", `"gmcast.listen_addr=tcp://` + n.at(n.galera.group) + ";ist.recv_addr=" + n.at(n.galera.increments) +
			";gcache.size=16M;pc.recovery=no;evs.keepalive_period=PT0.3S;evs.inactive_check_period=PT0.3S;evs.join_retrans_period=PT0.3S" +
			`;evs.suspect_timeout=PT1.5S;evs.inactive_timeout=PT3S;evs.install_timeout=PT2S"`},
	}, nil
}

func (n *Node) at(port int) string { return net.JoinHostPort(n.Host, strconv.Itoa(port)) }

// newGroup has a server begin a group instead of joining one.
const newGroup = "--wsrep-new-cluster"

// bootGalera has node 0 begin a group, whose data all get before it begins again and the others join one by one.
func (c *Cluster) bootGalera(ctx context.Context) error {
	first := c.nodes[0]
	begin := func() error {
		if err := first.launch(newGroup); err != nil {
			return err
		}
		return first.AwaitSQL(ctx)
	}
	if err := begin(); err != nil {
		return err
	}
	if err := first.Stop(ctx); err != nil {
		return err
	}
	for _, n := range c.nodes[1:] {
		if err := errors.Join(os.RemoveAll(n.DataDir()), copyTree(first.DataDir(), n.DataDir()), removeIfThere(filepath.Join(n.DataDir(), "galera.cache"))); err != nil {
			return err
		}
	}
	if err := begin(); err != nil {
		return err
	}
	for _, n := range c.nodes[1:] {
		if err := n.launch(); err != nil {
			return err
		}
		if err := n.AwaitSQL(ctx); err != nil {
			return err
		}
	}
	return nil
}

var recoveredPlace = regexp.MustCompile(`WSREP: Recovered position:? (\S+:-?\d+)`)

// findPlace reads from the data of a server that does not run how far it had come, and returns the argument with which
// it joins again.
func (n *Node) findPlace(ctx context.Context) (string, error) {
	log := filepath.Join(n.dir, "place.log")
	if err := removeIfThere(log); err != nil {
		return "", err
	}
	p, err := n.cluster.launcher.start(log, nil, n.cluster.family.Server, "--defaults-file="+filepath.Join(n.dir, "my.cnf"), "--wsrep-recover", "--log-error="+log)
	if err != nil {
		return "", err
	}
	if err := p.wait(ctx); err != nil {
		return "", withLog(fmt.Errorf("find the place of %s in its group's history: %w", n, err), log)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		return "", err
	}
	found := recoveredPlace.FindSubmatch(text)
	if found == nil {
		return "", withLog(fmt.Errorf("%s does not say how far it had come", n), log)
	}
	return "--wsrep-start-position=" + string(found[1]), nil
}

// joined says whether the server is in good order with its group.
func (n *Node) joined(ctx context.Context) (bool, error) {
	var name, ready string
	if err := n.Scan(ctx, "SHOW GLOBAL STATUS LIKE 'wsrep_ready'", &name, &ready); err != nil {
		return false, notYet{err}
	}
	if ready != "ON" {
		return false, notYet{fmt.Errorf("%s has not joined its group", n)}
	}
	return true, nil
}
