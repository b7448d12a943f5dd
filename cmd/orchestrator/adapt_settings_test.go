package main

import (
	"errors"
	"strings"
	"testing"

	"orchestrator/internal/config"
)

func TestReload(t *testing.T) {
	document := `{"InstancePollSeconds": 7}`
	s := testSettings(t, func() string { return document })
	var seen []uint
	refuse := false
	s.onReload(func(c *config.Config) error {
		if refuse {
			return errors.New("refused")
		}
		if s.config().InstancePollSeconds == c.InstancePollSeconds {
			t.Error("in force before everybody agreed")
		}
		seen = append(seen, c.InstancePollSeconds)
		return nil
	})
	reload := func(with string) error {
		document = with
		_, err := s.Reload(t.Context(), "")
		return err
	}
	must(t, reload(`{"InstancePollSeconds": 8}`))
	if got := s.config().InstancePollSeconds; got != 8 || len(seen) != 1 || seen[0] != 8 {
		t.Errorf("in force %d, seen %v", got, seen)
	}
	if err := reload(`{"InstancePollSeconds": `); err == nil || s.config().InstancePollSeconds != 8 {
		t.Errorf("a file that cannot be read: %v, in force %d", err, s.config().InstancePollSeconds)
	}
	refuse = true
	if err := reload(`{"InstancePollSeconds": 9}`); err == nil || s.config().InstancePollSeconds != 8 {
		t.Errorf("a configuration that somebody refuses: %v, in force %d", err, s.config().InstancePollSeconds)
	}
	var report strings.Builder
	must(t, s.Report(&report))
	if report.Len() == 0 {
		t.Error("an empty report")
	}
}

func TestConnectionsFollowReloads(t *testing.T) {
	s, document := newPretended(t), `{"MySQLTopologyUser": "old", "MySQLTopologyUseMixedTLS": false}`
	p := testParts(t, testFile(t), "")
	p.settings = testSettings(t, func() string { return document })
	m, err := newTLSMemory(t.Context(), p.store, p.log)
	must(t, err)
	servers, err := p.openServers(m)
	must(t, err)
	t.Cleanup(func() { must(t, servers.servers.Close()) })
	p.followReloads(servers, m)
	lost, told := counted()
	users := func() string {
		must(t, servers.Ping(t.Context(), s.key))
		servers.Watch(s.key, lost)
		return s.users()
	}
	if got := users(); got != "old" {
		t.Errorf("signed in as %s", got)
	}
	document = `{"MySQLTopologyUser": "new"}`
	if _, err := p.settings.Reload(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	s.hangUp()
	awaitLost(t, told) // that is still told
	if got := users(); got != "new" {
		t.Errorf("signed in as %s", got)
	}
	document = `{"MySQLTopologyUseMutualTLS": true, "MySQLTopologySSLCAFile": "/none.pem"}`
	if _, err := p.settings.Reload(t.Context(), ""); err == nil || p.config().MySQLTopologyUseMutualTLS {
		t.Errorf("a configuration without its files came into force: %v", err)
	}
}
