package main

import (
	"context"
	"errors"
	"testing"

	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// TestAddressBook writes down the addresses of the hosts that answer, once for each change, while this node writes.
func TestAddressBook(t *testing.T) {
	p := testParts(t, testFile(t), "")
	ctx := t.Context()
	server := func(host string, answers bool) *topology.Instance {
		i := &topology.Instance{Key: topology.Key{Hostname: host, Port: 3306}}
		if answers {
			i.Check.Checked = p.now()
			i.Check.Seen = i.Check.Checked
		}
		return i
	}
	writes := false
	found := map[string]string{"db1": "192.0.2.1"}
	asked := 0
	b := &addressBook{
		store: p.store, log: p.log, kept: make(map[string]store.HostIPs),
		writes: func() bool { return writes },
		snapshot: func() *topology.Topology {
			return topology.New([]*topology.Instance{server("db1", true), server("db2", true)}, topology.Names{})
		},
		lookUp: func(_ context.Context, host string) (string, string, error) {
			asked++
			if found[host] == "" {
				return "", "", errors.New("no such host")
			}
			return found[host], "2001:db8::1", nil
		},
	}
	stored := func(host string) store.HostIPs {
		t.Helper()
		h, _, err := p.store.HostIPs(ctx, host)
		must(t, err)
		return h
	}
	must(t, b.keep(ctx))
	if asked > 0 {
		t.Error("a node that does not write looks hosts up")
	}
	writes = true
	must(t, b.keep(ctx))
	if h := stored("db1"); h.IPv4 != "192.0.2.1" || h.IPv6 != "2001:db8::1" || stored("db2").Hostname != "" {
		t.Errorf("stored %+v, %+v", h, stored("db2"))
	}
	found["db1"] = ""
	must(t, b.keep(ctx))
	if h := stored("db1"); h.IPv4 != "192.0.2.1" {
		t.Errorf("a host that cannot be looked up at this moment: %+v", h)
	}
	found["db1"] = "192.0.2.2"
	must(t, b.keep(ctx))
	pairs, err := p.store.PrimaryPairs(ctx, "mysql/master/", "orders", topology.Key{Hostname: "db1", Port: 3306})
	must(t, err)
	if len(pairs) != 5 || pairs[3] != (store.KV{Key: "mysql/master/orders/ipv4", Value: "192.0.2.2"}) {
		t.Errorf("pairs %v", pairs)
	}
}
