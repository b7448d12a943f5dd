package topology

import (
	"slices"
	"testing"
	"time"
)

func TestProblems(t *testing.T) {
	now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	limits := Limits{Poll: 5 * time.Second, ReasonableLag: 10 * time.Second}
	for name, c := range map[string]struct {
		change func(*Instance)
		want   []string
	}{
		"healthy replica": {func(i *Instance) {}, nil},
		"healthy primary": {func(i *Instance) {
			i.Channel = Channel{IOThread: NoThread, SQLThread: NoThread}
			i.Lag = Seconds{}
		}, nil},
		"never seen": {func(i *Instance) { i.Check.Seen = time.Time{} }, []string{"last_check_invalid"}},
		"last check failed": {func(i *Instance) {
			i.Check.Seen = i.Check.Checked.Add(-time.Second)
		}, []string{"last_check_invalid"}},
		"checked 25 seconds ago": {func(i *Instance) {
			i.Check.Checked = now.Add(-25 * time.Second)
			i.Check.Seen = i.Check.Checked
		}, nil},
		"checked 26 seconds ago": {func(i *Instance) {
			i.Check.Checked = now.Add(-26 * time.Second)
			i.Check.Seen = i.Check.Checked
		}, []string{"not_recently_checked"}},
		"receiver stopped":    {func(i *Instance) { i.Channel.IOThread = ThreadStopped }, []string{"not_replicating"}},
		"receiver connecting": {func(i *Instance) { i.Channel.IOThread = ThreadOther }, []string{"not_replicating"}},
		"applier stopped":     {func(i *Instance) { i.Channel.SQLThread = ThreadStopped }, []string{"not_replicating"}},
		"no threads":          {func(i *Instance) { i.Channel.IOThread, i.Channel.SQLThread = NoThread, NoThread }, nil},
		"lag at the limit":    {func(i *Instance) { i.Lag = KnownSeconds(10) }, nil},
		"lag over the limit":  {func(i *Instance) { i.Lag = KnownSeconds(11) }, []string{"replication_lag"}},
		"unknown lag":         {func(i *Instance) { i.Lag = Seconds{N: 99} }, nil},
		"delayed by design": {func(i *Instance) {
			i.Lag, i.Channel.SQLDelay = KnownSeconds(3605), 3600
		}, nil},
		"delayed, but not enough": {func(i *Instance) {
			i.Lag, i.Channel.SQLDelay = KnownSeconds(3589), 3600
		}, []string{"replication_lag"}},
		"errant transactions": {func(i *Instance) { i.ErrantSet = "x:1" }, []string{"errant_gtid"}},
		"group member online": {func(i *Instance) { i.Group = Group{Name: "g", MemberState: "ONLINE"} }, nil},
		"group member recovering": {func(i *Instance) {
			i.Group = Group{Name: "g", MemberState: "RECOVERING"}
		}, []string{"group_replication_member_not_online"}},
		"the first of the first four, then the rest": {func(i *Instance) {
			i.Check.Seen = time.Time{}
			i.Channel.IOThread = ThreadStopped
			i.Lag = KnownSeconds(99)
			i.ErrantSet = "x:1"
			i.Group = Group{Name: "g", MemberState: "ERROR"}
		}, []string{"last_check_invalid", "errant_gtid", "group_replication_member_not_online"}},
	} {
		t.Run(name, func(t *testing.T) {
			i := replica()
			i.Check = Check{Attempted: now, Checked: now, Seen: now}
			c.change(i)
			got := Problems(i, now, limits)
			if got == nil || !slices.Equal(got, c.want) {
				t.Errorf("%#v, want %v", got, c.want)
			}
		})
	}
}

// replica is a server that replicates well.
func replica() *Instance {
	return &Instance{
		Key: Key{"r", 3306},
		Channel: Channel{
			Source: Key{"s", 3306}, IOThread: ThreadRunning, SQLThread: ThreadRunning, GTID: OracleGTID,
		},
		Lag: KnownSeconds(0),
	}
}
