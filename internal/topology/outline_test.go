package topology

import (
	"strings"
	"testing"
	"time"
)

// outlineFleet is a cluster in the state of the examples of the command line reference.
func outlineFleet(now time.Time) []*Instance {
	server := func(name, source, version string) *Instance {
		i := &Instance{
			Key: Key{name, 3306}, Version: version, BinlogFormat: "ROW", LogBin: true, LogReplicaUpdates: true, SupportsOracleGTID: true,
			Check:   Check{Attempted: now, Checked: now, Seen: now},
			Channel: Channel{IOThread: NoThread, SQLThread: NoThread},
		}
		if source != "" {
			i.ReadOnly, i.Lag = true, KnownSeconds(0)
			i.Channel = Channel{Source: Key{source, 3306}, IOThread: ThreadRunning, SQLThread: ThreadRunning, GTID: OracleGTID}
		}
		return i
	}
	a1, a2 := server("db-a1", "", "8.0.41"), server("db-a2", "db-a1", "8.0.41")
	b1, a3 := server("db-b1", "db-a2", "8.0.41"), server("db-a3", "db-a1", "8.0.39")
	a1.SemiSync.SourceEnabled, a2.SemiSync.ReplicaEnabled = true, true
	a1.Tags = []Tag{{"tag2", "value"}, {"tag1", ""}}
	a2.DataCenter = "dc1"
	b1.Lag = KnownSeconds(2)
	a3.Channel.SQLThread, a3.Lag, a3.ErrantSet = ThreadStopped, Seconds{}, "u:1"
	a3.Downtime = &Downtime{End: now.Add(time.Hour)}
	return []*Instance{a1, a2, a3, b1}
}

func drawOutline(o Outline, instances ...*Instance) string {
	names := Names{}
	t := New(Derive(instances, names), names)
	return o.Draw(t, t.Instances())
}

func TestOutlineStyles(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		style OutlineStyle
		dc    DataCenterColumn
		want  string
	}{
		"plain": {OutlinePlain, NoDataCenter, `
db-a1:3306     [0s,ok,8.0.41,rw,ROW,>>,GTID,semi:master]
+ db-a2:3306   [0s,ok,8.0.41,ro,ROW,>>,GTID,semi:replica]
  + db-b1:3306 [2s,ok,8.0.41,ro,ROW,>>,GTID]
- db-a3:3306   [null,nonreplicating,8.0.39,ro,ROW,>>,GTID:errant,downtimed]`},
		"tabulated": {OutlineTabulated, NoDataCenter, `
db-a1:3306    |  0s|ok            |8.0.41|rw|ROW|>>,GTID,semi:master     
+ db-a2:3306  |  0s|ok            |8.0.41|ro|ROW|>>,GTID,semi:replica    
  + db-b1:3306|  2s|ok            |8.0.41|ro|ROW|>>,GTID                 
- db-a3:3306  |null|nonreplicating|8.0.39|ro|ROW|>>,GTID:errant,downtimed`},
		"tags": {OutlineTags, NoDataCenter, `
db-a1:3306     [0s,ok,8.0.41,rw,ROW,>>,GTID,semi:master] [tag1,tag2=value]
+ db-a2:3306   [0s,ok,8.0.41,ro,ROW,>>,GTID,semi:replica] []
  + db-b1:3306 [2s,ok,8.0.41,ro,ROW,>>,GTID] []
- db-a3:3306   [null,nonreplicating,8.0.39,ro,ROW,>>,GTID:errant,downtimed] []`},
		"plain with data centre": {OutlinePlain, DataCenterByVersion, `
db-a1:3306     [0s,ok,8.0.41,rw,ROW,>>,GTID,semi:master]
+ db-a2:3306   [0s,ok,8.0.41,dc1,ro,ROW,>>,GTID,semi:replica]
  + db-b1:3306 [2s,ok,8.0.41,ro,ROW,>>,GTID]
- db-a3:3306   [null,nonreplicating,8.0.39,ro,ROW,>>,GTID:errant,downtimed]`},
		"plain with data centre last": {OutlinePlain, DataCenterLast, `
db-a1:3306     [0s,ok,8.0.41,rw,ROW,>>,GTID,semi:master]
+ db-a2:3306   [0s,ok,8.0.41,ro,ROW,>>,GTID,semi:replica,dc1]
  + db-b1:3306 [2s,ok,8.0.41,ro,ROW,>>,GTID]
- db-a3:3306   [null,nonreplicating,8.0.39,ro,ROW,>>,GTID:errant,downtimed]`},
		"tabulated with data centre last": {OutlineTabulated, DataCenterLast, `
db-a1:3306    |  0s|ok            |8.0.41|rw|ROW|>>,GTID,semi:master     |   
+ db-a2:3306  |  0s|ok            |8.0.41|ro|ROW|>>,GTID,semi:replica    |dc1
  + db-b1:3306|  2s|ok            |8.0.41|ro|ROW|>>,GTID                 |   
- db-a3:3306  |null|nonreplicating|8.0.39|ro|ROW|>>,GTID:errant,downtimed|   `},
		"tabulated with data centre": {OutlineTabulated, DataCenterByVersion, `
db-a1:3306    |  0s|ok            |8.0.41|   |rw|ROW|>>,GTID,semi:master     
+ db-a2:3306  |  0s|ok            |8.0.41|dc1|ro|ROW|>>,GTID,semi:replica    
  + db-b1:3306|  2s|ok            |8.0.41|   |ro|ROW|>>,GTID                 
- db-a3:3306  |null|nonreplicating|8.0.39|   |ro|ROW|>>,GTID:errant,downtimed`},
	} {
		t.Run(name, func(t *testing.T) {
			o := Outline{Style: c.style, Now: now, Poll: 5 * time.Second, MaintenanceLag: 20 * time.Second, DataCenter: c.dc}
			if got := drawOutline(o, outlineFleet(now)...); got != c.want[1:] {
				t.Errorf("got:\n%s\nwant:%s", got, c.want)
			}
		})
	}
}

func TestOutlineShapes(t *testing.T) {
	server := func(name, source string) *Instance {
		i := &Instance{Key: Key{name, 1}}
		if source != "" {
			i.Channel.Source = Key{source, 1}
		}
		return i
	}
	secondary := server("g2", "")
	secondary.Group = Group{Name: "g", MemberState: "ONLINE", MemberRole: "SECONDARY", Primary: Key{"g1", 1}}
	alias := server("a", "")
	alias.Alias = "first"
	ring := []*Instance{server("r1", "r3"), server("r2", "r1"), server("r3", "r2"), server("leaf", "r2")}
	for name, c := range map[string]struct {
		instances []*Instance
		want      string
	}{
		"nothing":        {nil, ""},
		"alias":          {[]*Instance{alias}, "a:1 (first)"},
		"siblings":       {[]*Instance{server("top", ""), server("c", "top"), server("b", "top"), server("d", "b")}, "top:1|- b:1|  - d:1|- c:1"},
		"group":          {[]*Instance{server("g1", ""), secondary}, "g1:1|‡ g2:1"},
		"co-primaries":   {[]*Instance{server("x", "y"), server("y", "x"), server("z", "y")}, "- x:1|- y:1|  - z:1"},
		"ring of three":  {ring, "- r1:1|- r2:1|  - leaf:1|- r3:1"},
		"unknown source": {[]*Instance{server("a", "gone")}, "a:1"},
		"two trees":      {[]*Instance{server("a", ""), server("b", "a"), server("m", ""), server("n", "m")}, "m:1|- n:1"},
	} {
		t.Run(name, func(t *testing.T) {
			var names []string
			for line := range strings.SplitSeq(drawOutline(Outline{}, c.instances...), "\n") {
				name, _, _ := strings.Cut(line, "[")
				names = append(names, strings.TrimRight(name, " "))
			}
			if got := strings.Join(names, "|"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestOutlineTokens(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	o := Outline{Now: now, Poll: 5 * time.Second, MaintenanceLag: 20 * time.Second}
	for name, c := range map[string]struct {
		change func(i *Instance)
		want   string
	}{
		"replica":           {func(*Instance) {}, "[0s,ok,8,ro,nobinlog,GTID]"},
		"lagging":           {func(i *Instance) { i.Lag.N = 21 }, "[21s,lag,8,ro,nobinlog,GTID]"},
		"not yet lagging":   {func(i *Instance) { i.Lag.N = 20 }, "[20s,ok,8,ro,nobinlog,GTID]"},
		"unknown lag":       {func(i *Instance) { i.Lag.Known = false }, "[null,ok,8,ro,nobinlog,GTID]"},
		"stopped":           {func(i *Instance) { i.Channel.IOThread = ThreadStopped }, "[null,nonreplicating,8,ro,nobinlog,GTID]"},
		"check failed":      {func(i *Instance) { i.Check.Checked = now; i.Check.Seen = now.Add(-time.Second) }, "[unknown,invalid,8,ro,nobinlog,GTID]"},
		"never seen":        {func(i *Instance) { i.Check = Check{} }, "[unknown,invalid,8,ro,nobinlog,GTID]"},
		"not checked":       {func(i *Instance) { i.Check = Check{Checked: now.Add(-time.Hour), Seen: now.Add(-time.Hour)} }, "[unknown,unchecked,8,ro,nobinlog,GTID]"},
		"detached":          {func(i *Instance) { i.Channel.Source = i.Channel.Source.Detached() }, "[detached,ok,8,ro,nobinlog,GTID]"},
		"no GTID":           {func(i *Instance) { i.Channel.GTID = FilePosition; i.Channel.Read.LogFile = "x" }, "[0s,ok,8,ro,nobinlog]"},
		"MariaDB's GTID":    {func(i *Instance) { i.Channel.GTID = MariaDBGTID }, "[0s,ok,8,ro,nobinlog,GTID]"},
		"Pseudo-GTID":       {func(i *Instance) { i.UsingPseudoGTID = true }, "[0s,ok,8,ro,nobinlog,GTID,P-GTID]"},
		"writeable":         {func(i *Instance) { i.ReadOnly = false }, "[0s,ok,8,rw,nobinlog,GTID]"},
		"logs, no updates":  {func(i *Instance) { i.LogBin, i.BinlogFormat = true, "MIXED" }, "[0s,ok,8,ro,MIXED,GTID]"},
		"expired downtime":  {func(i *Instance) { i.Downtime = &Downtime{End: now} }, "[0s,ok,8,ro,nobinlog,GTID]"},
		"unknown version":   {func(i *Instance) { i.Version = "" }, "[0s,ok,ro,nobinlog,GTID]"},
		"former primary":    {func(i *Instance) { i.Channel = Channel{} }, "[0s,ok,8,ro,nobinlog]"},
		"lag of a primary?": {func(i *Instance) { i.Channel = Channel{}; i.Lag = Seconds{} }, "[0s,ok,8,ro,nobinlog]"},
	} {
		t.Run(name, func(t *testing.T) {
			i := &Instance{
				Key: Key{"r", 1}, Version: "8", ReadOnly: true, Lag: KnownSeconds(0), Check: Check{Attempted: now, Checked: now, Seen: now},
				Channel: Channel{Source: Key{"s", 1}, IOThread: ThreadRunning, SQLThread: ThreadRunning, GTID: OracleGTID},
			}
			c.change(i)
			if got := o.Describe(i); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
