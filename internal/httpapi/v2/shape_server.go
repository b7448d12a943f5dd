package v2

import (
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// Server is one server as trees and lists show it.
type Server struct {
	Key         string          `json:"key" doc:"host:port"`
	Alias       string          `json:"alias,omitempty"`
	Cluster     string          `json:"cluster" doc:"name of its cluster"`
	Source      string          `json:"source,omitempty" doc:"whom it replicates from, under the key by which that server is known"`
	SourceKnown bool            `json:"source_known" doc:"the source is one of the servers that are known"`
	Depth       int             `json:"depth"`
	Replicas    int             `json:"replicas" doc:"how many replicate from it"`
	Role        string          `json:"role" enum:"primary,co-primary,group-primary,group-secondary,intermediate,replica,detached"`
	Status      string          `json:"status" enum:"ok,pause,stale,warn,crit,run"`
	Sentence    string          `json:"sentence" doc:"what there is to say of it; empty when it is fine"`
	Problems    []string        `json:"problems"`
	Version     string          `json:"version"`
	Flavor      string          `json:"flavor"`
	Site        string          `json:"site,omitempty" doc:"data center"`
	Region      string          `json:"region,omitempty"`
	Environment string          `json:"environment,omitempty"`
	ReadOnly    bool            `json:"read_only"`
	LogsUpdates bool            `json:"logs_updates" doc:"it logs what it replicates, so that others can replicate from it"`
	BinlogOnly  bool            `json:"binlog_server,omitempty"`
	GTID        string          `json:"gtid" enum:"none,mysql,mariadb" doc:"how it finds its place in the log of its source"`
	Errant      string          `json:"errant,omitempty" doc:"transactions that its source never had, but for those that are accepted"`
	Accepted    *AcceptedErrant `json:"errant_accepted,omitempty" doc:"of which somebody has said that they may stay"`
	Lag         *int64          `json:"lag_s" doc:"seconds; null: unknown"`
	Delay       int64           `json:"delay_s,omitempty" doc:"configured delay, in seconds"`
	Receiver    string          `json:"receiver" enum:"none,stopped,running,other"`
	Applier     string          `json:"applier" enum:"none,stopped,running,other"`
	SemiSync    SemiSync        `json:"semi_sync"`
	Rule        string          `json:"promotion_rule" enum:"prefer,neutral,prefer_not,must,must_not"`
	Tags        []string        `json:"tags" doc:"name or name=value"`
	Downtime    *Declaration    `json:"downtime,omitempty"`
	Maintenance *Declaration    `json:"maintenance,omitempty"`
	Group       *Group          `json:"group,omitempty"`
	Channels    []Channel       `json:"channels,omitempty" doc:"the further channels of a multi-source replica"`
	Seen        *time.Time      `json:"seen" doc:"when it answered last"`
	Latency     float64         `json:"latency_ms" doc:"of the last probe"`
}

// SemiSync is the semi-synchronous replication of a server.
type SemiSync struct {
	Source  bool `json:"source" doc:"it may wait for acknowledgements"`
	Waiting bool `json:"waiting" doc:"it waits for acknowledgements at this moment"`
	Needs   uint `json:"needs" doc:"for how many it waits"`
	Replica bool `json:"replica" doc:"it acknowledges"`
}

// Declaration is a downtime or a maintenance.
type Declaration struct {
	Owner  string     `json:"owner"`
	Reason string     `json:"reason"`
	Begin  *time.Time `json:"begin"`
	End    *time.Time `json:"end" doc:"null: until it is ended"`
}

// Group is the membership in a replication group.
type Group struct {
	Name    string   `json:"name"`
	State   string   `json:"state"`
	Role    string   `json:"role"`
	Members []string `json:"members"`
	Single  bool     `json:"single_primary" doc:"one member takes the writes; else all of them do"`
}

// Channel is a replication channel beside the main one.
type Channel struct {
	Name     string `json:"name"`
	Source   string `json:"source"`
	Receiver string `json:"receiver"`
	Applier  string `json:"applier"`
}

func (a *API) server(t *topology.Topology, i *topology.Instance, found []analysis.Finding) Server {
	c := a.Engine.ServerCondition(i, found)
	s := Server{
		Key: i.Key.String(), Alias: i.Alias, Cluster: i.ClusterName, Depth: i.Depth, Replicas: len(t.Replicas(i.Key)), Role: roleOf(t, i),
		Status: string(c.Status), Sentence: c.Sentence, Problems: a.Engine.Problems(i), Version: i.Version, Flavor: string(i.Flavor),
		Site: i.DataCenter, Region: i.Region, Environment: i.PhysicalEnvironment, ReadOnly: i.ReadOnly, LogsUpdates: i.LogsUpdates(),
		BinlogOnly: i.IsBinlogServer(), GTID: gtidWord(i), Errant: i.OpenErrant(), Lag: seconds(i.Lag), Delay: i.Channel.SQLDelay,
		Receiver: threadWord(i.Channel.IOThread), Applier: threadWord(i.Channel.SQLThread), Rule: i.PromotionRule.String(),
		SemiSync: SemiSync{i.SemiSync.SourceEnabled, i.SemiSync.SourceStatus, i.SemiSync.SourceWaitCount, i.SemiSync.ReplicaEnabled},
		Tags:     mapped(i.Tags, topology.Tag.Display), Seen: when(i.Check.Seen), Latency: millis(i.Check.Latency),
	}
	switch source := t.Source(i); {
	case source != nil:
		s.Source, s.SourceKnown = source.Key.String(), true
	case i.Channel.Source.Hostname != "" && i.Channel.Source.Hostname != "_":
		s.Source = i.Channel.Source.String()
	}
	now := a.Engine.Now()
	if d := i.Downtime; d.ActiveAt(now) {
		s.Downtime = &Declaration{d.Owner, d.Reason, when(d.Begin), when(d.End)}
	}
	if x := i.Accepted; x != nil && i.ErrantSet != "" {
		s.Accepted = &AcceptedErrant{x.Set, x.Owner, x.Reason, when(x.Begin)}
	}
	if m := i.Maintenance; m != nil && (m.End.IsZero() || m.End.After(now)) {
		s.Maintenance = &Declaration{m.Owner, m.Reason, when(m.Begin), when(m.End)}
	}
	if g := &i.Group; g.Name != "" {
		s.Group = &Group{g.Name, g.MemberState, g.MemberRole, mapped(g.Members, topology.Key.String), g.SinglePrimary}
	}
	for n := range i.Others {
		o := &i.Others[n]
		s.Channels = append(s.Channels, Channel{o.Name, o.Source.String(), threadWord(o.IOThread), threadWord(o.SQLThread)})
	}
	return s
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func seconds(s topology.Seconds) *int64 {
	if !s.Known {
		return nil
	}
	return &s.N
}

func threadWord(s topology.ThreadState) string {
	switch s {
	case topology.NoThread:
		return "none"
	case topology.ThreadStopped:
		return "stopped"
	case topology.ThreadRunning:
		return "running"
	}
	return "other"
}

func gtidWord(i *topology.Instance) string {
	switch i.Channel.GTID {
	case topology.OracleGTID:
		return "mysql"
	case topology.MariaDBGTID:
		return "mariadb"
	}
	return "none"
}

func roleOf(t *topology.Topology, i *topology.Instance) string {
	switch {
	case i.Group.IsMember() && i.Group.MemberRole == "PRIMARY":
		return "group-primary"
	case i.Group.IsSecondary():
		return "group-secondary"
	case i.IsCoPrimary:
		return "co-primary"
	case i.Channel.Source.IsDetached():
		return "detached"
	case topology.IsPrimary(i):
		return "primary"
	case len(t.Replicas(i.Key)) > 0:
		return "intermediate"
	}
	return "replica"
}

// ServerDetail is everything that is known of a server.
type ServerDetail struct {
	Server
	UUID          string        `json:"uuid"`
	ServerID      uint32        `json:"server_id"`
	Uptime        int64         `json:"uptime_s"`
	Comment       string        `json:"version_comment"`
	BinlogFormat  string        `json:"binlog_format"`
	BinlogImage   string        `json:"binlog_row_image"`
	Binlog        bool          `json:"log_bin"`
	Position      string        `json:"position" doc:"where its own binary log stands"`
	Received      string        `json:"received" doc:"up to where it has received the log of its source"`
	Applied       string        `json:"applied" doc:"up to where it has applied it"`
	Executed      string        `json:"executed_set"`
	Purged        string        `json:"purged_set"`
	GTIDMode      string        `json:"gtid_mode"`
	ReceiverError string        `json:"receiver_error,omitempty"`
	ApplierError  string        `json:"applier_error,omitempty"`
	CheckError    string        `json:"check_error,omitempty" doc:"why the last probe failed"`
	TLS           bool          `json:"tls" doc:"it replicates through TLS"`
	Filters       bool          `json:"filters" doc:"it has replication filters"`
	Ancestry      string        `json:"ancestry" doc:"the UUIDs from the topmost source down to it"`
	Credentials   bool          `json:"credentials_available" doc:"its replication credentials can be read back"`
	Snapshots     int           `json:"snapshots"`
	Pools         []string      `json:"pools" doc:"of which it is a member"`
	LagLimit      int64         `json:"lag_limit_s" doc:"from which lag on it has a problem"`
	Trend         *Trend        `json:"trend" doc:"as in problems"`
	Fits          []Fitting     `json:"fits" doc:"the operations that take a server"`
	Changes       []AuditRecord `json:"changes" doc:"what was done to it last"`
}

// Fitting is an operation that takes a server, for menus.
type Fitting struct {
	Operation string `json:"operation"`
	Allowed   bool   `json:"allowed" doc:"the caller may ask for it"`
}

// Possible says whether an operation can be done to a server now.
type Possible struct {
	Operation string `json:"operation"`
	Possible  bool   `json:"possible" doc:"nothing is known that forbids it; its plan looks again"`
	Reason    string `json:"reason,omitempty" doc:"why it cannot be done"`
	Rule      string `json:"rule,omitempty"`
	Remedy    string `json:"remedy,omitempty" doc:"what would make it possible"`
}

func (a *API) serverDetail(t *topology.Topology, i *topology.Instance, found []analysis.Finding) ServerDetail {
	c := &i.Channel
	d := ServerDetail{
		Server: a.server(t, i, found), UUID: i.ServerUUID, ServerID: i.ServerID, Uptime: int64(i.Uptime / time.Second), Comment: i.VersionComment,
		BinlogFormat: i.BinlogFormat, BinlogImage: i.BinlogRowImage, Binlog: i.LogBin, Position: position(i.SelfCoordinates),
		Received: position(c.Read), Applied: position(c.Exec), Executed: i.ExecutedSet, Purged: i.PurgedSet, GTIDMode: i.GTIDMode,
		ReceiverError: numbered(c.LastIOErrno, c.LastIOError), ApplierError: numbered(c.LastSQLErrno, c.LastSQLError), CheckError: i.Check.Err,
		TLS: c.TLS.Enabled, Filters: c.HasFilters, Ancestry: i.AncestryUUID, Credentials: i.CredentialsAvailable, Snapshots: i.Snapshots,
		Fits: []Fitting{}, Changes: []AuditRecord{}, Pools: []string{}, LagLimit: int64(a.Engine.Config().ReasonableReplicationLag() / time.Second),
	}
	if i.LastCheckValid() {
		d.Trend = a.trends.trend(i.Key)
	}
	return d
}

func position(c topology.Coordinates) string {
	if c.IsEmpty() {
		return ""
	}
	return c.String()
}

func numbered(number int, text string) string {
	if text == "" || number == 0 {
		return text
	}
	return "error " + itoa(number) + ": " + text
}

// fits lists the operations that take a server, and whether the caller may ask for them.
func (a *API) fits(c Caller) []Fitting {
	list := []Fitting{}
	for _, o := range a.Registry.Operations() {
		if o.Rights == operate.Write && o.Takes(operate.ParamInstance) && planable(o) {
			list = append(list, Fitting{o.Name, c.Role.May(o.Needs())})
		}
	}
	return list
}
