package refactor_test

import (
	"strings"
	"testing"
	"time"

	"orchestrator/internal/plan"
	"orchestrator/internal/refactor"
	"orchestrator/internal/topology"
)

// trio is a pair with a second replica, and what the three say of their part in a clone.
type trio struct {
	*pair
	sibling *topology.Instance
	able    map[topology.Key]refactor.CloneAbility
}

func newTrio() *trio {
	p := newPair()
	s := p.replica.Clone()
	s.Key.Hostname, s.ServerUUID = "db3", "00000000-0000-0000-0000-000000000003"
	s.Lag, s.HasCredentials = topology.Seconds{N: 0, Known: true}, true
	p.primary.ServerID, p.replica.ServerID, s.ServerID = 1, 2, 3
	t := &trio{p, s, map[topology.Key]refactor.CloneAbility{}}
	for _, i := range []*topology.Instance{p.primary, p.replica, s} {
		t.able[i.Key] = refactor.CloneAbility{Platform: "Linux x86_64", Admin: true, Backup: true, Bytes: 3 << 30}
	}
	return t
}

func (o *trio) says(k topology.Key, change func(*refactor.CloneAbility)) {
	is := o.able[k]
	change(&is)
	o.able[k] = is
}

func (o *trio) fleet() *topology.Topology {
	return topology.New(topology.Derive([]*topology.Instance{o.primary, o.replica, o.sibling}, topology.Names{}), topology.Names{})
}

func TestRebuild(t *testing.T) {
	const (
		before = "read-credentials stop-replica detach-source "
		after  = "replace-data await-replaced set-read-only become-replica start-replica await-replicating holds-no-more"
	)
	db1, db2, db3 := topology.Key{Hostname: "db1", Port: 3306}, topology.Key{Hostname: "db2", Port: 3306}, topology.Key{Hostname: "db3", Port: 3306}
	for name, c := range map[string]struct {
		state func(*trio)
		donor topology.Key
		want  string
		from  topology.Key // the donor of the plan
		says  string       // somewhere in the refusal or in the plan
	}{
		"from the sibling":        {want: before + after, from: db3, says: "3.0 GB"},
		"from the primary":        {donor: db1, want: before + after, from: db1, says: "which is the primary"},
		"the sibling lags":        {state: func(o *trio) { o.sibling.Lag.N = 11 }, want: before + after, from: db1},
		"the sibling is errant":   {state: func(o *trio) { o.sibling.ExecutedSet += "," + o.sibling.ServerUUID + ":1" }, want: before + after, from: db1},
		"the sibling was stopped": {state: func(o *trio) { o.sibling.Channel.SQLThread = topology.ThreadStopped }, donor: db3, want: "refused: no-donor", says: "it does not replicate"},
		"nobody is fit": {state: func(o *trio) {
			o.sibling.Version = "8.4.5"
			o.primary.Version, o.sibling.Version = "8.0.44", "8.0.44"
		}, want: "refused: no-donor", says: "same version"},
		"no BACKUP_ADMIN on the donor": {state: func(o *trio) { o.says(db3, func(a *refactor.CloneAbility) { a.Backup = false }) }, donor: db3, want: "refused: no-donor", says: "BACKUP_ADMIN"},
		"another platform":             {state: func(o *trio) { o.says(db3, func(a *refactor.CloneAbility) { a.Platform = "macos13 arm64" }) }, want: before + after, from: db1},
		"tables of MyISAM":             {state: func(o *trio) { o.says(db3, func(a *refactor.CloneAbility) { a.Elsewhere = 2 }) }, donor: db3, want: "refused: no-donor", says: "would arrive empty"},
		"a donor of another cluster":   {state: func(o *trio) { o.sibling.Channel = topology.Channel{} }, donor: db3, want: "refused: other-cluster"},
		"from itself":                  {donor: db2, want: "refused: same-server"},
		"nobody knows the donor":       {donor: topology.Key{Hostname: "x", Port: 1}, want: "refused: unknown"},
		"MariaDB":                      {state: func(o *trio) { maria(o.pair) }, want: "refused: no-clone", says: "mariadb-backup"},
		"MySQL 5.7":                    {state: func(o *trio) { o.replica.Version = "5.7.44" }, want: "refused: no-clone", says: "8.0.17"},
		"a group's member":             {state: func(o *trio) { o.replica.Group = topology.Group{Name: "g", MemberRole: "PRIMARY"} }, want: "refused: group-member"},
		"without the plugin": {state: func(o *trio) {
			o.says(db2, func(a *refactor.CloneAbility) { a.Why = "the clone plugin is not active" })
		}, want: "refused: no-clone", says: "INSTALL PLUGIN"},
		"without CLONE_ADMIN":    {state: func(o *trio) { o.says(db2, func(a *refactor.CloneAbility) { a.Admin = false }) }, want: "refused: privilege"},
		"it is being cloned":     {state: func(o *trio) { o.says(db2, func(a *refactor.CloneAbility) { a.Cloning = "db3:3306" }) }, want: "refused: cloning"},
		"it has replicas":        {state: func(o *trio) { o.sibling.Channel.Source = db2 }, want: "refused: has-replicas"},
		"one that only it knows": {state: func(o *trio) { o.replica.Reported = []topology.Key{{Hostname: "db9", Port: 3306}} }, want: "refused: has-replicas"},
		"it is the primary now": {state: func(o *trio) {
			o.replica.Channel, o.replica.ReadOnly = topology.Channel{}, false
		}, want: "refused: not-a-replica"},
		"several sources": {state: func(o *trio) { multiSource(o.pair) }, want: "refused: multi-source"},
		"by position":     {state: func(o *trio) { byPosition(o.pair) }, want: "refused: no-gtid"},
		"it takes writes": {state: func(o *trio) { o.replica.ReadOnly, o.replica.SuperReadOnly = false, false },
			want: "read-credentials set-read-only stop-replica detach-source " + after, from: db3},
		"it stands":                 {state: func(o *trio) { stopped(o.pair) }, want: "read-credentials detach-source " + after, from: db3},
		"again, after it broke off": {state: func(o *trio) { detached(o.pair) }, want: "read-credentials " + after, from: db3},
		"detached, and opened since": {state: func(o *trio) {
			detached(o.pair)
			o.replica.ReadOnly = false
		}, want: "refused: not-a-replica"},
		"it has its own delay": {state: func(o *trio) { o.replica.Channel.SQLDelay = 60 },
			want: before + strings.Replace(after, "start-replica", "stop-replica set-delay start-replica", 1), from: db3},
		"its source is gone": {state: func(o *trio) {
			detached(o.pair)
			o.replica.Channel.Source = topology.Key{Hostname: "//gone", Port: 3306}
		}, donor: db1, want: "read-credentials " + after, from: db1, says: "gone:3306 does not answer"},
		"the primary has purged what the sibling lacks": {state: func(o *trio) {
			o.primary.ExecutedSet, o.primary.PurgedSet = uuid1+":1-20", uuid1+":1-15"
		}, donor: db3, want: "refused: purged"},
		"alone, from a named one": {state: func(o *trio) { o.replica.Channel = topology.Channel{} }, donor: db1, want: "read-credentials " + after, from: db1},
		"alone":                   {state: func(o *trio) { o.replica.Channel = topology.Channel{} }, want: "refused: no-donor"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newTrio()
			if c.state != nil {
				c.state(o)
			}
			made, refusal := refactor.Single(o.fleet(), refactor.Request{Operation: refactor.RebuildReplica, Server: db2, Donor: c.donor, Able: o.able},
				refactor.Policy{SuperReadOnly: true, Patience: 10 * time.Second})
			if got := verbs(&made, refusal); got != c.want {
				t.Fatalf("%s, want %s (%v)", got, c.want, refusal)
			}
			text := made.String()
			if refusal != nil {
				text = refusal.Error()
				if refusal.Remedy == "" && c.want != "refused: multi-source" {
					t.Errorf("no remedy: %v", refusal)
				}
			} else {
				saneRebuild(t, &made, db2, c.from)
			}
			if c.says != "" && !strings.Contains(text, c.says) {
				t.Errorf("%s does not say %q", text, c.says)
			}
		})
	}
}

// saneRebuild: all is done on the one server, nothing after the point of no return has an undo, and it is preceded by what
// keeps it from being taken for a replica.
func saneRebuild(t *testing.T, p *plan.Plan, server, donor topology.Key) {
	t.Helper()
	passed := false
	for _, s := range p.Steps {
		if s.Server != server {
			t.Errorf("a step on %s, which would be locked: %s", s.Server, s.Action)
		}
		passed = passed || s.NoReturn
		if passed && s.Undo != nil {
			t.Errorf("%s can be undone after the point of no return", s.Action)
		}
		if s.Action.Verb == plan.ReplaceData && (s.Action.Source != donor || !s.NoReturn) {
			t.Errorf("data of %s, want %s, no return %t", s.Action.Source, donor, s.NoReturn)
		}
	}
	if p.Successor.IsZero() || p.Cluster == "" || len(p.Warnings) < 4 {
		t.Errorf("successor %s, cluster %q, warnings %q", p.Successor, p.Cluster, p.Warnings)
	}
}

func TestDonors(t *testing.T) {
	o := newTrio()
	o.primary.DataCenter, o.replica.DataCenter, o.sibling.DataCenter = "a", "a", "b"
	fleet := o.fleet()
	list := refactor.Donors(fleet, fleet.Instance(o.replica.Key), o.able, 0)
	if len(list) != 2 || list[0].Key != o.sibling.Key || list[0].Unfit != "" || list[1].Key != o.primary.Key {
		t.Errorf("a replica comes before the primary: %+v", list)
	}
	o.sibling.Maintenance = &topology.Maintenance{Owner: "ann"}
	fleet = o.fleet()
	list = refactor.Donors(fleet, fleet.Instance(o.replica.Key), o.able, 0)
	if list[0].Key != o.primary.Key || list[1].Unfit != "it is under maintenance by ann" {
		t.Errorf("who is not fit comes last, with the reason: %+v", list)
	}
}
