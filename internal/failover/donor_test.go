package failover

import (
	"strings"
	"testing"

	"orchestrator/internal/topology"
)

func TestDonor(t *testing.T) {
	for name, c := range map[string]struct {
		change func(b, c, old *topology.Instance)
		want   string
		says   string
	}{
		"the same data center wins": {func(b, c, old *topology.Instance) { b.DataCenter, c.DataCenter, old.DataCenter = "x", "y", "y" }, "c", ""},
		"then the smaller lag":      {func(b, _, _ *topology.Instance) { b.Lag.N = 2 }, "c", ""},
		"then the name":             {func(_, _, _ *topology.Instance) {}, "b", ""},
		"one that works":            {func(b, _, _ *topology.Instance) { b.Channel.SQLThread = topology.ThreadStopped }, "c", ""},
		"one that was taken back lately": {func(b, c, _ *topology.Instance) {
			b.Downtime, c.Downtime = &topology.Downtime{Reason: topology.ReasonLostInRecovery}, &topology.Downtime{Reason: "works"}
		}, "b", ""},
		"another patch level of a lenient series": {func(b, c, old *topology.Instance) {
			b.Version, c.Version, old.Version = "8.4.3", "8.4.3", "8.4.5"
		}, "b", ""},
		"none": {func(b, c, old *topology.Instance) {
			down(b)
			c.Version, old.Version = "8.0.35", "8.0.36"
		}, "", "same version"},
	} {
		t.Run(name, func(t *testing.T) {
			old, a, b, d := replica("p"), replica("a"), replica("b"), replica("c")
			for _, i := range []*topology.Instance{b, d} {
				i.Channel.IOThread, i.Channel.SQLThread = topology.ThreadRunning, topology.ThreadRunning
				i.Channel.Source, i.ReadOnly, i.Lag = a.Key, true, topology.Seconds{N: 0, Known: true}
				i.Version, old.Version = "8.0.40", "8.0.40"
			}
			a.Channel, old.Channel = topology.Channel{}, topology.Channel{}
			c.change(b, d, old)
			got, refusal := Donor(topology.New([]*topology.Instance{old, a, b, d}, topology.Names{}), old, a, Policy{})
			if got.Hostname != c.want || (refusal == nil) != (c.want != "") || refusal != nil && !strings.Contains(refusal.Reason, c.says) {
				t.Errorf("got %s, %v", got, refusal)
			}
		})
	}
}

func TestMayClone(t *testing.T) {
	for version, may := range map[string]bool{"8.0.17": true, "9.7.4-2": true, "8.0.16": false, "5.7.44-log": false} {
		i := replica("p")
		i.Flavor, i.Version = topology.FlavorMySQL, version
		if refusal := MayClone(i); (refusal == nil) != may {
			t.Errorf("%s: %v", version, refusal)
		}
	}
	i := replica("p")
	i.Flavor, i.Version = topology.FlavorMariaDB, "10.11.6-MariaDB"
	if refusal := MayClone(i); refusal == nil || refusal.Rule != "no-clone" {
		t.Errorf("MariaDB: %v", refusal)
	}
}
