package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// everything is a value for each parameter that a reading command may take.
func everything() map[operate.Param]string {
	return map[operate.Param]string{
		operate.ParamInstance: "db2:3306", operate.ParamDestination: "db1:3306", operate.ParamCluster: "db1:3306",
		operate.ParamClusterName: "db1:3306", operate.ParamTag: "role", operate.ParamPattern: ".", operate.ParamSearch: "db",
		operate.ParamUID: "none",
	}
}

// Commands that only read leave every byte of the backend as it is, and reach no server.
func TestReadingCommandsNeitherWriteNorProbe(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	reached := make(chan struct{})
	go func() {
		if c, err := ln.Accept(); err == nil {
			c.Close()
			close(reached)
		}
	}()
	file := testFile(t)
	fill := testParts(t, file, "")
	saveCluster(t, fill.store)
	// A server that could be reached, whose last check is long ago.
	reachable := topology.Key{Hostname: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port}
	must(t, fill.store.SaveInstances(t.Context(), &topology.Instance{Key: reachable, Version: "8.4.0", ClusterName: reachable.String()}))
	must(t, fill.store.PutTag(t.Context(), key("db2"), topology.Tag{Name: "role", Value: "backup"}))

	p := testParts(t, file, fmt.Sprintf(`"DiscoverySeeds": [%q]`, reachable))
	before := rows(t, p.store)
	bytes := contents(t, file)
	ran := 0
	for _, o := range operate.NewRegistry().Operations() {
		// These look at servers by their very meaning: resolve opens a connection, explain tells what would happen now,
		// the others read a server's logs or settings.
		looks := slices.Contains([]string{"discover", "resolve", "explain", "locate-gtid-errant", "show-gtid-errant", "restart-replica-statements",
			"get-candidate-replica", "last-pseudo-gtid", "last-executed-relay-entry", "find-binlog-entry", "correlate-binlog-pos",
			"correlate-relaylog-pos"}, o.Name)
		if o.Rights != operate.Read || !o.HasCommand() || looks {
			continue
		}
		e, wait := p.commandEngine()
		in := operate.Input{Values: everything(), Lenient: true}
		for _, instance := range []string{"db2:3306", reachable.String()} {
			in.Values[operate.ParamInstance] = instance
			if _, err := o.Call(t.Context(), e, in); err != nil {
				t.Logf("%s: %v", o.Name, err)
			}
		}
		wait()
		ran++
		if after := rows(t, p.store); after != before {
			t.Fatalf("%s changed the backend:\n%s\nbefore:\n%s", o.Name, after, before)
		}
	}
	if ran < 20 {
		t.Errorf("only %d commands were run", ran)
	}
	if contents(t, file) != bytes {
		t.Error("the file's bytes are different")
	}
	select {
	case <-reached:
		t.Error("a server was reached")
	default:
	}
}

// contents are the file and what is written beside it.
func contents(t *testing.T, file string) string {
	t.Helper()
	all := ""
	for _, name := range []string{file, file + "-wal"} {
		text, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		all += string(text)
	}
	return all
}

// rows are all rows of the tables that commands could change.
func rows(t *testing.T, s *store.Store) string {
	t.Helper()
	tables, err := s.ExportTables(t.Context(), "database_instance", "database_instance_extra", "database_instance_tags",
		"candidate_database_instance", "database_instance_downtime", "database_instance_maintenance", "hostname_resolve",
		"cluster_alias", "cluster_domain_name", "audit", "topology_recovery", "topology_failure_detection", "node_health",
		"active_node", "database_instance_analysis_changelog", "database_instance_last_analysis")
	must(t, err)
	var names []string
	for name := range tables {
		names = append(names, name)
	}
	slices.Sort(names)
	text := ""
	for _, name := range names {
		for _, row := range tables[name].Data {
			text += name + ":"
			for _, cell := range row {
				if cell != nil {
					text += " " + *cell
				}
			}
			text += "\n"
		}
	}
	return text
}

func TestOneObserverKeepsItsPicture(t *testing.T) {
	p := testParts(t, testFile(t), "")
	saveCluster(t, p.store)
	now := time.Now()
	writer := p.store.NewWriter(store.WriterOptions{})
	defer func() { must(t, writer.Close(context.WithoutCancel(t.Context()))) }()
	kept := p.pictureStore(writer)
	kept.now = func() time.Time { return now }

	names := topology.Names{
		Aliases:  map[string]string{"db1:3306": "orders"},
		Domains:  map[string]string{"db1:3306": "orders.example.com"},
		Resolved: map[string]string{"db1.alias": "db1"},
	}
	must(t, kept.SaveNames(t.Context(), names))
	_, got, err := kept.LoadInstances(t.Context())
	must(t, err)
	if got.Aliases["db1:3306"] != "orders" || got.Domains["db1:3306"] != "orders.example.com" || got.Resolved["db1.alias"] != "db1" {
		t.Errorf("names %+v", got)
	}

	// A domain that is said again is only written again when that is due.
	must(t, p.store.SetDomain(t.Context(), "db1:3306", "by another program"))
	must(t, kept.SaveNames(t.Context(), names))
	if all, err := p.store.Domains(t.Context()); err != nil || all["db1:3306"] != "by another program" {
		t.Errorf("written again at once: %v, %v", all, err)
	}
	now = now.Add(p.config().ExpiryHostnameResolves())
	must(t, kept.SaveNames(t.Context(), names))
	if all, err := p.store.Domains(t.Context()); err != nil || all["db1:3306"] != "orders.example.com" {
		t.Errorf("not written again: %v, %v", all, err)
	}

	// A forgotten server does not come back with what waited to be written.
	instances, _, err := kept.LoadInstances(t.Context())
	must(t, err)
	for _, i := range instances {
		kept.Observe(i)
	}
	must(t, kept.ForgetInstances(t.Context(), key("db2")))
	must(t, writer.Flush(t.Context()))
	if instances, _, err = kept.LoadInstances(t.Context()); err != nil || len(instances) != 1 || instances[0].Key != key("db1") {
		t.Errorf("left are %v, %v", topology.Keys(instances), err)
	}
}

func TestHousekeepingKeepsWhatIsInUse(t *testing.T) {
	p := testParts(t, testFile(t), "")
	saveCluster(t, p.store)
	now := time.Now()
	must(t, p.store.BeginDowntime(t.Context(), key("db1"), topology.Downtime{Begin: now.Add(-2 * time.Hour), End: now.Add(-time.Hour)}))
	must(t, p.store.BeginDowntime(t.Context(), key("db2"), topology.Downtime{Begin: now, End: now.Add(time.Hour)}))
	lock := func(host string, by store.Node) {
		t.Helper()
		_, err := p.store.BeginMaintenance(t.Context(), topology.Maintenance{Key: key(host), Owner: "o", Begin: now, End: now.Add(time.Hour)}, by)
		must(t, err)
	}
	lock("db1", store.Node{Hostname: "gone", Token: "gone"})
	lock("db2", p.storeNode())
	writer := p.store.NewWriter(store.WriterOptions{})
	defer func() { must(t, writer.Close(context.WithoutCancel(t.Context()))) }()
	must(t, p.pictureStore(writer).Caretake(t.Context()))

	if locks, err := p.store.Maintenances(t.Context()); err != nil || len(locks) != 1 || locks[0].Key != key("db2") {
		t.Errorf("locks %+v, %v", locks, err)
	}
	tables, err := p.store.ExportTables(t.Context(), "database_instance_downtime")
	must(t, err)
	if n := len(tables["database_instance_downtime"].Data); n != 1 {
		t.Errorf("%d downtimes are left", n)
	}
	if instances, _, err := p.store.LoadInstances(t.Context()); err != nil || len(instances) != 2 {
		t.Errorf("left are %v, %v", topology.Keys(instances), err)
	}
}

func TestEmptyAliasOverridesNothing(t *testing.T) {
	got := overridden(topology.Names{Aliases: map[string]string{"a": "found", "b": "found too"}}, map[string]string{"a": "", "b": "set", "c": "new"})
	if got.Aliases["a"] != "found" || got.Aliases["b"] != "set" || got.Aliases["c"] != "new" {
		t.Errorf("aliases %v", got.Aliases)
	}
}

// TestStoredNamesOfClustersMayBeOld: after a takeover another process has written some of the rows anew, and not all.
func TestStoredNamesOfClustersMayBeOld(t *testing.T) {
	p := testParts(t, testFile(t), "")
	saveCluster(t, p.store)
	instances, _, err := p.store.LoadInstances(t.Context())
	must(t, err)
	for _, i := range instances {
		if i.Key == key("db2") {
			i = i.Clone()
			i.ClusterName, i.Depth = "db3:3306", 2
			must(t, p.store.SaveInstances(t.Context(), i))
		}
	}
	seen, err := (&storedPicture{store: p.store}).Topology(t.Context())
	must(t, err)
	if c := seen.Clusters(); len(c) != 1 || c[0].Name != "db1:3306" || len(c[0].Members) != 2 {
		t.Errorf("%+v", c)
	}

	_, err = p.store.ForgetInstances(t.Context(), key("db1"))
	must(t, err)
	seen, err = (&storedPicture{store: p.store}).Topology(t.Context())
	must(t, err)
	if i := seen.Instance(key("db2")); i == nil || i.ClusterName != "db3:3306" {
		t.Errorf("of a server whose source was forgotten, the stored place counts: %+v", i)
	}
}
