package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// reading collects the answers of one probe.
type reading struct {
	in       *topology.Instance
	settings settings
	got      partSet // read in full
	channels []topology.Channel
	members  []member
	reported []reportedReplica // registered replicas
	dumps    []reportedReplica // receiving connections; the port is unknown
	nodes    []reportedReplica // NDB
	lag      topology.Seconds
	uptime   time.Duration
	latency  time.Duration
	warnings []string
}

type member struct {
	id          string
	key         topology.Key
	state, role string
}

type reportedReplica struct {
	key  topology.Key
	user string
}

func newReading(key topology.Key) *reading {
	return &reading{in: &topology.Instance{Key: key, Flavor: topology.FlavorUnknown}}
}

// restart forgets the rows that a repeated probe would add once more.
func (r *reading) restart() {
	r.channels, r.members, r.reported, r.dumps, r.nodes = nil, nil, nil, nil, nil
	r.settings.heartbeats = nil
}

// run sends a batch, in one go or statement by statement, and returns the part that failed.
func (r *reading) run(ctx context.Context, c *conn, b *batch, singly bool) (failed part, err error) {
	if !singly {
		sets, err := c.query(ctx, b.sql, func(set int) rowFunc { return r.take(b.parts, set) })
		r.finish(b.parts, sets)
		if err == nil && sets < len(b.parts) && b.parts[sets] != partLag {
			err = errMissing
		}
		if err != nil {
			return b.parts[min(sets, len(b.parts)-1)], err
		}
		return 0, nil
	}
	for i, sql := range b.texts {
		if _, err := c.query(ctx, sql, func(int) rowFunc { return r.take(b.parts[i:], 0) }); err != nil {
			return b.parts[i], err
		}
		r.finish(b.parts[i:], 1)
	}
	return 0, nil
}

// errMissing says that a server answered fewer statements than it was sent, without an error.
var errMissing = errors.New("no answer")

func (r *reading) finish(parts []part, sets int) {
	for _, p := range parts[:min(sets, len(parts))] {
		r.got = r.got.with(p)
	}
}

// take returns what reads the rows of a part.
func (r *reading) take(parts []part, set int) rowFunc {
	if set >= len(parts) {
		return nil // a user's query that is more than one
	}
	switch parts[set] {
	case partVariables, partSettings, partExtras, partUptime, partSemiSync:
		return r.takeVariables
	case partChannels:
		return func(columns []string, row []driver.Value) error {
			r.channels = append(r.channels, parseChannel(columns, row))
			return nil
		}
	case partBinlog:
		return func(columns []string, row []driver.Value) error {
			r.in.SelfCoordinates = parseBinlogStatus(columns, row)
			return nil
		}
	case partMembers:
		return r.takeMember
	case partReplicas:
		return r.takeReplica
	case partProcesses:
		return r.takeDump
	case partCredentials:
		return func(_ []string, row []driver.Value) error {
			r.settings.credentials = integer(row[0]) > 0
			return nil
		}
	case partHeartbeats:
		return func(_ []string, row []driver.Value) error {
			r.settings.heartbeats = append(r.settings.heartbeats, heartbeat{text(row[0]), seconds(row[1])})
			return nil
		}
	case partNDB:
		return r.takeNode
	case partLag:
		return func(_ []string, row []driver.Value) error {
			if n, ok := number(row[0]); ok {
				r.lag = topology.KnownSeconds(max(0, n))
			}
			return nil
		}
	}
	return nil
}

// takeVariables reads variables from one row whose columns are named after them, or from rows of name and value.
func (r *reading) takeVariables(columns []string, row []driver.Value) error {
	if len(columns) == 2 && columns[0] == "Variable_name" {
		r.variable(text(row[0]), row[1])
		return nil
	}
	for i, name := range columns {
		r.variable(name, row[i])
	}
	return nil
}

func (r *reading) variable(name string, v driver.Value) {
	in, set := r.in, &r.settings
	switch name {
	case "server_id":
		in.ServerID = uint32(integer(v))
	case "read_only":
		in.ReadOnly = readOnly(v)
	case "super_read_only":
		in.SuperReadOnly = truth(v)
	case "offline_mode":
		in.OfflineMode = truth(v)
	case "binlog_format":
		in.BinlogFormat = text(v)
	case "binlog_row_image":
		in.BinlogRowImage = text(v)
	case "gtid_mode":
		in.GTIDMode = text(v)
	case "gtid_executed":
		in.ExecutedSet = gtidText(v)
	case "gtid_purged":
		in.PurgedSet = gtidText(v)
	case "gtid_current_pos":
		in.ExecutedSet = text(v)
	case "gtid_binlog_pos":
		in.BinlogState = text(v)
	case "hostname":
		set.hostname = text(v)
	case "report_host":
		set.reportHost = text(v)
	case "log_bin":
		set.logBin = truth(v)
	case "log_bin_index":
		set.binlogPath = text(v)
	case "log_replica_updates", "log_slave_updates":
		set.logReplicaUpdates = truth(v)
	case "performance_schema":
		set.ps = truth(v)
	case "server_uuid":
		set.serverUUID = text(v)
	case "Uptime":
		r.uptime = time.Duration(integer(v)) * time.Second
	case "group_replication_group_name":
		set.group, set.groupName = true, text(v)
	case "group_replication_single_primary_mode":
		set.singlePrimary = truth(v)
	default:
		r.semiSync(name, v)
	}
}

// semiSync reads variables and counters of semi-synchronous replication under both names.
func (r *reading) semiSync(name string, v driver.Value) {
	ss, set := &r.in.SemiSync, &r.settings
	rest, ok := strings.CutPrefix(strings.ToLower(name), "rpl_semi_sync_")
	if !ok {
		return
	}
	switch rest {
	case "source_enabled", "master_enabled":
		set.semiSource, set.names.SourceNew = true, rest[0] == 's'
		ss.SourceEnabled = truth(v)
	case "replica_enabled", "slave_enabled":
		set.semiReplica, set.names.ReplicaNew = true, rest[0] == 'r'
		ss.ReplicaEnabled = truth(v)
	case "source_timeout", "master_timeout":
		ss.SourceTimeoutMillis = uint64(max(0, integer(v)))
	case "source_wait_for_replica_count", "master_wait_for_slave_count":
		ss.SourceWaitCount = uint(max(0, integer(v)))
	case "source_status", "master_status":
		ss.SourceStatus = truth(v)
	case "source_clients", "master_clients":
		ss.SourceClients = uint(max(0, integer(v)))
	case "replica_status", "slave_status":
		ss.ReplicaStatus = truth(v)
	}
}

func (r *reading) takeMember(_ []string, row []driver.Value) error {
	r.members = append(r.members, member{
		id:    text(row[0]),
		key:   topology.Key{Hostname: text(row[1]), Port: int(integer(row[2]))},
		state: text(row[3]),
		role:  text(row[4]),
	})
	return nil
}

// takeReplica reads a row of SHOW REPLICAS. One that did not say where it listens is of no use.
func (r *reading) takeReplica(columns []string, row []driver.Value) error {
	var p reportedReplica
	for i, name := range columns {
		switch name {
		case "Host":
			p.key.Hostname = text(row[i])
		case "Port":
			p.key.Port = int(integer(row[i]))
		case "User":
			p.user = text(row[i])
		}
	}
	if p.key.Hostname == "" || p.key.Port == 0 {
		return nil
	}
	r.reported = append(r.reported, p)
	return nil
}

func (r *reading) takeDump(_ []string, row []driver.Value) error {
	host := text(row[0])
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		host = host[:i]
	}
	host = strings.Trim(host, "[]")
	if host != "" {
		r.dumps = append(r.dumps, reportedReplica{key: topology.Key{Hostname: host}, user: text(row[1])})
	}
	return nil
}

func (r *reading) takeNode(_ []string, row []driver.Value) error {
	u, err := url.Parse(text(row[0]))
	if err != nil || u.Hostname() == "" {
		return nil // the node offers no SQL service
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		port = r.in.Key.Port
	}
	r.nodes = append(r.nodes, reportedReplica{key: topology.Key{Hostname: u.Hostname(), Port: port}})
	return nil
}

// placeChannels hands the channels to the instance.
func (r *reading) placeChannels() {
	in := r.in
	for i := range r.channels {
		for _, h := range r.settings.heartbeats {
			if c := &r.channels[i]; h.channel == c.Name {
				c.Heartbeat = h.period
			}
		}
	}
	channels := orderChannels(r.channels)
	if len(channels) == 0 {
		in.Channel = topology.Channel{IOThread: topology.NoThread, SQLThread: topology.NoThread}
		return
	}
	in.Channel = channels[0]
	if len(channels) > 1 {
		in.Others = channels[1:]
	}
}

// placeGroup fills in the membership of a replication group. Groups with several primaries are left out: nothing here
// can choose among them.
func (r *reading) placeGroup() {
	set := &r.settings
	if !set.group || !r.got.has(partMembers) {
		return
	}
	if !set.singlePrimary {
		r.warnings = append(r.warnings, "the replication group has several primaries: it is not shown as a group")
		return
	}
	var g topology.Group
	for _, m := range r.members {
		if m.state == "OFFLINE" || !m.key.IsValid() {
			continue
		}
		g.Members = append(g.Members, m.key)
		if m.role == "PRIMARY" {
			g.Primary = m.key
		}
		if m.id == set.serverUUID {
			g.Name, g.SinglePrimary = set.groupName, true
			g.MemberState, g.MemberRole = m.state, m.role
		}
	}
	if g.Name == "" {
		g = topology.Group{Outside: set.groupName}
	}
	topology.SortKeys(g.Members)
	r.in.Group = g
}

// replicas puts together what the server says of its replicas. What they registered with (report_host, report_port) is
// exact, but need not be set or resolvable; receiving connections show the address they come from, but not the
// replica's port, which is then taken to be this server's own. So a connection is looked up among the registered, and
// where several servers share an address only the registered are believed.
func (r *reading) replicas(own topology.Key) ([]topology.Key, []string) {
	found := r.reported
	if len(r.dumps) > 0 {
		found = r.fromConnections(own)
	}
	found = append(slices.Clone(found), r.nodes...)
	var keys []topology.Key
	var users []string
	for _, p := range found {
		if p.key == own || slices.Contains(keys, p.key) {
			continue
		}
		keys = append(keys, p.key)
		users = append(users, p.user)
	}
	return keys, users
}

func (r *reading) fromConnections(own topology.Key) []reportedReplica {
	var found []reportedReplica
	for i, d := range r.dumps {
		registered := false
		for _, p := range r.reported {
			if p.key.Hostname == d.key.Hostname {
				p.user = d.user
				found = append(found, p)
				registered = true
			}
		}
		if registered {
			continue
		}
		d.key.Port = own.Port
		twice := slices.ContainsFunc(r.dumps[:i], func(o reportedReplica) bool { return o.key.Hostname == d.key.Hostname })
		if len(r.reported) > 0 && (twice || d.key == own) {
			return r.reported
		}
		found = append(found, d)
	}
	return found
}
