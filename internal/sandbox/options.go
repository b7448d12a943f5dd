package sandbox

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Layout is who replicates from whom.
type Layout int

// The layouts that Start can set up. Node 0 is always the writable one.
const (
	Star      Layout = iota // every other node replicates from node 0
	Chain                   // every node replicates from the one before it
	CoPrimary               // nodes 0 and 1 replicate from each other (1 is read-only), the others from node 0
	Galera                  // nobody from anybody: the nodes are one Galera cluster, and each takes writes; MariaDB only
	Group                   // nodes 0 to 2 are one replication group, the others replicate from node 1 of it; MySQL only
)

// Options says what to start. The zero value is a star of three MariaDB nodes that replicate by file and position.
type Options struct {
	Flavor Flavor
	Nodes  int // 0 means 3
	Layout Layout
	// GTID makes the servers use GTIDs and the replicas replicate by them (auto position, slave_pos).
	// Without it MySQL runs with gtid_mode=OFF, and replicas use file and position.
	GTID bool
	// SemiSync makes node 0 wait for a replica's receipt before it acknowledges (AFTER_SYNC), and all nodes able to
	// give receipts. Not with MySQL56.
	SemiSync bool
	// TLS makes MySQL's replicas connect over TLS, as is its default; without it they sign in with the server's key.
	TLS bool
	// NetTimeout is after how long without a word a replica gives its source up; 0 means 4 s (the servers' default is 60 s).
	NetTimeout time.Duration
	// Dir is the folder in which the cluster makes its own, removed by Close; empty means the system's temporary folder.
	Dir string
	// Ports are the nodes' ports; missing or 0 means one that is free and stays reserved until Close.
	Ports []int
	// BindAddress is where the servers listen and how they name themselves to others; empty means 127.0.0.1.
	BindAddress string
	// NodeAddress is BindAddress for single nodes, by index, and wins over it.
	NodeAddress map[int]string
	// NodeNamespace puts single nodes, by index, into network namespaces of their own: paths such as /run/netns/NAME or
	// /proc/PID/fd/N. Their addresses must exist there, and be reachable from here. It needs the right to enter them.
	NodeNamespace map[int]string
	// ExtraOptions go into every node's option file after all others; an empty value writes the name alone.
	ExtraOptions map[string]string
	// NodeOptions is the same for single nodes, by index, and wins over ExtraOptions.
	NodeOptions map[int]map[string]string
}

// withDefaults fills what was left out and refuses what cannot be.
func (o Options) withDefaults() (Options, error) {
	if o.Nodes == 0 {
		o.Nodes = 3
	}
	if o.Nodes < 0 {
		return o, fmt.Errorf("%d nodes: want at least one", o.Nodes)
	}
	if o.Layout == CoPrimary && o.Nodes < 2 {
		return o, fmt.Errorf("co-primary layout with %d node: want at least two", o.Nodes)
	}
	if o.Layout < Star || o.Layout > Group {
		return o, fmt.Errorf("unknown layout %d", o.Layout)
	}
	if o.Layout == Galera && (o.Flavor != MariaDB || o.GTID || o.SemiSync) {
		return o, fmt.Errorf("a Galera cluster of %s: want MariaDB without GTID and semi-sync", o.Flavor)
	}
	if o.Layout == Group && (o.Flavor != MySQL || !o.GTID || o.SemiSync || o.Nodes < groupMembers) {
		return o, fmt.Errorf("a replication group of %d nodes of %s: want at least %d of MySQL, with GTID and without semi-sync", o.Nodes, o.Flavor, groupMembers)
	}
	if o.SemiSync && o.Flavor == MySQL56 {
		return o, fmt.Errorf("semi-sync with %s: its package has no plugins", o.Flavor)
	}
	if len(o.Ports) > o.Nodes {
		return o, fmt.Errorf("%d ports for %d nodes", len(o.Ports), o.Nodes)
	}
	if o.NetTimeout == 0 {
		o.NetTimeout = 4 * time.Second
	}
	if o.NetTimeout < time.Second {
		return o, fmt.Errorf("net timeout %s: servers count it in whole seconds", o.NetTimeout)
	}
	if o.BindAddress == "" {
		o.BindAddress = "127.0.0.1"
	}
	return o, nil
}

// address is where node i listens.
func (o Options) address(i int) string {
	if address := o.NodeAddress[i]; address != "" {
		return address
	}
	return o.BindAddress
}

// source is the index of the node that node i replicates from in this layout, or -1.
func (o Options) source(i int) int {
	switch {
	case o.Layout == Galera || o.Layout == Group && i < groupMembers:
		return -1
	case o.Layout == Group:
		return 1
	case o.Layout == Chain:
		return i - 1
	case i > 0:
		return 0
	case o.Layout == CoPrimary:
		return 1
	}
	return -1
}

// option is one line of an option file.
type option struct{ name, value string }

func writeDefaults(path string, options []option) error {
	var text strings.Builder
	text.WriteString("[mysqld]\n")
	for _, o := range options {
		text.WriteString(o.name)
		if o.value != "" {
			text.WriteString(" = " + o.value)
		}
		text.WriteString("\n")
	}
	return os.WriteFile(path, []byte(text.String()), 0o600)
}

// socketName is the Unix socket in each data directory. Servers take it relative to that, so its length is no concern.
const socketName = "mysql.sock"

// baseOptions are those of every server of the family, template and node: places below work, and small sizes.
func (f Family) baseOptions(work string) []option {
	options := []option{
		{"datadir", filepath.Join(work, "data")},
		{"tmpdir", filepath.Join(work, "tmp")},
		{"pid-file", filepath.Join(work, "pid")},
		{"log-error", filepath.Join(work, "error.log")},
		{"socket", socketName},
		{"skip-name-resolve", ""},
		{"innodb_buffer_pool_size", "32M"},
		{"innodb_log_buffer_size", "2M"},
		{"key_buffer_size", "1M"},
		{"innodb_flush_log_at_trx_commit", "2"},
		{"sync_binlog", "0"},
		{"max_connections", "150"},
		{"table_open_cache", "200"},
	}
	// Servers refuse to run as root unless told so.
	if os.Geteuid() == 0 {
		name := "root"
		if u, err := user.Current(); err == nil {
			name = u.Username
		}
		options = append(options, option{"user", name})
	}
	for _, o := range []option{{"basedir", f.BaseDir}, {"plugin-dir", f.Plugins}} {
		if o.value != "" {
			options = append(options, o)
		}
	}
	switch f.Flavor {
	case MariaDB:
		options = append(options, option{"innodb_log_file_size", "8M"})
	case MySQL:
		options = append(options,
			option{"secure_file_priv", `""`}, // the packaged default folder does not exist
			option{"mysqlx", "OFF"},
			option{"performance_schema_accounts_size", "20"},
			option{"performance_schema_hosts_size", "20"},
			option{"performance_schema_users_size", "20"},
			option{"performance_schema_max_thread_instances", "200"},
			option{"performance_schema_digests_size", "200"})
		if f.atLeast(8, 0, 30) {
			options = append(options, option{"innodb_redo_log_capacity", "16M"})
		}
	case MySQL56:
		options = append(options,
			option{"innodb_log_file_size", "8M"},
			option{"lc-messages-dir", f.Share},
			option{"character-sets-dir", filepath.Join(f.Share, "charsets")})
	}
	return options
}

// templateOptions keep the template out of reach and without binary logs, so that no transaction counts in a copy.
func (f Family) templateOptions(work string) []option {
	return append(f.baseOptions(work), option{"skip-networking", ""}, option{"skip-log-bin", ""})
}

// nodeOptions are the option file of node i, without what the caller of Start wants.
func (f Family) nodeOptions(o Options, i int, work string, port int) []option {
	options := append(f.baseOptions(work),
		option{"bind-address", o.address(i)},
		option{"port", strconv.Itoa(port)},
		option{"server_id", strconv.Itoa(port)},
		option{"report_host", reportHost(o.address(i))},
		option{"report_port", strconv.Itoa(port)},
		option{"log-bin", "binlog"},
		option{"relay-log", "relay"},
		option{"binlog_format", "ROW"},
		option{"relay_log_recovery", "ON"},
		option{"read_only", "ON"},
	)
	seconds := strconv.Itoa(int(o.NetTimeout / time.Second))
	switch f.Flavor {
	case MariaDB:
		options = append(options, option{"log_slave_updates", "ON"}, option{"slave_net_timeout", seconds}, option{"gtid_strict_mode", onOff(o.GTID)})
	case MySQL:
		options = append(options, option{"log_replica_updates", "ON"}, option{"replica_net_timeout", seconds}, option{"super_read_only", "ON"},
			option{"gtid_mode", onOff(o.GTID)}, option{"enforce_gtid_consistency", onOff(o.GTID)})
	case MySQL56:
		options = append(options, option{"log_slave_updates", "ON"}, option{"slave_net_timeout", seconds},
			option{"gtid_mode", onOff(o.GTID)}, option{"enforce_gtid_consistency", onOff(o.GTID)},
			option{"master_info_repository", "TABLE"}, option{"relay_log_info_repository", "TABLE"})
	}
	if o.SemiSync {
		options = append(options, f.semiSyncOptions()...)
	}
	return options
}

// ownOptions are what the caller of Start wants of node i.
func (o Options) ownOptions(i int) []option {
	return append(sorted(o.ExtraOptions), sorted(o.NodeOptions[i])...)
}

// semiSyncOptions let a node give receipts. Waiting for them is switched on where it writes, because a replica's
// applier would wait as well.
func (f Family) semiSyncOptions() []option {
	if f.Flavor == MariaDB {
		return []option{{"rpl_semi_sync_slave_enabled", "ON"}, {"rpl_semi_sync_master_wait_point", "AFTER_SYNC"}}
	}
	return []option{
		{"plugin-load-add", "semisync_source.so"},
		{"plugin-load-add", "semisync_replica.so"},
		{"loose-rpl_semi_sync_replica_enabled", "ON"},
	}
}

func sorted(values map[string]string) []option {
	var options []option
	for name, value := range values {
		options = append(options, option{name, value})
	}
	slices.SortFunc(options, func(a, b option) int { return strings.Compare(a.name, b.name) })
	return options
}

func onOff(on bool) string {
	if on {
		return "ON"
	}
	return "OFF"
}

// reportHost is how others reach a server that listens on address.
func reportHost(address string) string {
	if address == "0.0.0.0" || address == "*" || address == "::" {
		return "127.0.0.1"
	}
	return address
}
