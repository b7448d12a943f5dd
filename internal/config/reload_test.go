package config

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func reload(t *testing.T, first, second string) (prev, next *Config, warnings []Warning) {
	t.Helper()
	prev, _ = mustLoad(t, first)
	next, warnings, err := Reload(prev, rig{files: map[string]string{"a": second}}.options("a"))
	if err != nil {
		t.Fatal(err)
	}
	return prev, next, warnings
}

func TestReload(t *testing.T) {
	for _, tt := range []struct {
		name, first, second string
		ok                  func(*Config) bool
	}{
		{"a changed key", `{"WebMessage": "1"}`, `{"WebMessage": "2"}`, func(c *Config) bool { return c.WebMessage == "2" }},
		{"a removed key keeps its value", `{"WebMessage": "1"}`, `{}`, func(c *Config) bool { return c.WebMessage == "1" && c.Source("WebMessage") == "a" }},
		{"a map is merged", `{"ClusterNameToAlias": {"x": "1"}}`, `{"ClusterNameToAlias": {"y": "2"}}`, func(c *Config) bool { return len(c.ClusterNameToAlias) == 2 }},
		{"a list is replaced", `{"DiscoverySeeds": ["x", "y"]}`, `{"DiscoverySeeds": ["z"]}`, func(c *Config) bool { return slices.Equal(c.DiscoverySeeds, []string{"z"}) }},
		{"filters are compiled anew", `{"RecoverMasterClusterFilters": ["x"]}`, `{"RecoverMasterClusterFilters": ["y"]}`, func(c *Config) bool {
			return c.RecoverPrimaryClusters().Match("y", "") && !c.RecoverPrimaryClusters().Match("x", "")
		}},
		{"an old name changes again", `{"SlaveLagQuery": "1"}`, `{"SlaveLagQuery": "2"}`, func(c *Config) bool { return c.ReplicationLagQuery == "2" }},
		{"the lock time sticks", `{}`, `{"ReasonableReplicationLagSeconds": 50}`, func(c *Config) bool { return c.ReasonableLockedSemiSyncMasterSeconds == 10 }},
		{"detaching is switched off", `{"DetachLostReplicasAfterMasterFailover": true}`, `{"DetachLostReplicasAfterMasterFailover": false}`, func(c *Config) bool { return !c.DetachLostReplicasAfterMasterFailover }},
		{"the chosen backend stays", `{}`, `{}`, func(c *Config) bool { return c.BackendChosen() && c.SQLite3DataFile == "./orchestrator.sqlite3" }},
		{"a host takes the choice back", `{}`, `{"MySQLOrchestratorHost": "h"}`, func(c *Config) bool { return !c.BackendChosen() && c.BackendDB == "mysql" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, next, _ := reload(t, tt.first, tt.second); !tt.ok(next) {
				t.Error("not as it should be")
			}
		})
	}
}

func TestReloadLeavesThePreviousAlone(t *testing.T) {
	const text = `{"ClusterNameToAlias": {"x": "1"}, "DiscoverySeeds": ["s"], "WebMessage": "1"}`
	prev, _ := mustLoad(t, text)
	before, err := json.Marshal(prev)
	if err != nil {
		t.Fatal(err)
	}
	for name, second := range map[string]string{
		"success": `{"ClusterNameToAlias": {"x": "9"}, "DiscoverySeeds": ["t"], "WebMessage": "2"}`,
		"failure": `{"ClusterNameToAlias": {"x": "9"}, "WebMessage": "2", "DefaultInstancePort": 0}`,
	} {
		next, _, err := Reload(prev, rig{files: map[string]string{"b": second}}.options("b"))
		if (err == nil) != (name == "success") || (next == nil) != (err != nil) {
			t.Errorf("%s: %v", name, err)
		}
		after, err := json.Marshal(prev)
		if err != nil || string(after) != string(before) || prev.Source("WebMessage") != "a" || len(prev.Files()) != 1 {
			t.Errorf("%s changed the configuration in force", name)
		}
	}
}

func TestReloadFiles(t *testing.T) {
	prev, _ := mustLoad(t, `{}`)
	opts := rig{files: map[string]string{"extra": `{"WebMessage": "extra"}`}}.options("gone")
	opts.Extra = "extra"
	next, _, err := Reload(prev, opts)
	if err != nil || next.WebMessage != "extra" {
		t.Errorf("a missing file is skipped, an extra one read: %v", err)
	}
	opts.Extra = "absent"
	if _, _, err := Reload(prev, opts); err == nil {
		t.Error("an extra file that is not there was accepted")
	}
	opts = rig{}.options()
	opts.Explicit = "gone"
	if _, _, err := Reload(prev, opts); err != nil {
		t.Errorf("the explicit file may be missing at a reload: %v", err)
	}
}

func TestReloadTellsOfRestarts(t *testing.T) {
	_, _, warnings := reload(t, `{"MySQLTopologyPassword": "x"}`, `{"ListenSocket": "/s", "WebMessage": "2", "OAuthClientId": "x", "MySQLOrchestratorUser": "u"}`)
	var keys []string
	for _, w := range warnings {
		if w.Kind == NeedsRestart {
			keys = append(keys, w.Key)
		}
	}
	if !slices.Equal(keys, []string{"ListenSocket"}) {
		t.Errorf("restart for %v", keys)
	}
}

func TestDumpMasksSecrets(t *testing.T) {
	c, _ := mustLoad(t, `{"MySQLTopologyPassword": "hidden1", "MySQLOrchestratorPassword": "hidden2", "HTTPAuthPassword": "hidden3",
		"ConsulAclToken": "hidden4", "ReplicationCredentialsQuery": "select 'hidden5'", "WebMessage": "shown"}`)
	out, err := c.Dump()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), "hidden") || strings.Contains(string(out), "\n") {
		t.Errorf("%s", out)
	}
	var values map[string]any
	if err := json.Unmarshal(out, &values); err != nil {
		t.Fatal(err)
	}
	if len(values) != len(Keys()) {
		t.Errorf("%d values for %d keys", len(values), len(Keys()))
	}
	if values["MySQLTopologyPassword"] != "********" || values["OAuthClientSecret"] != "" || values["WebMessage"] != "shown" {
		t.Errorf("%v %v %v", values["MySQLTopologyPassword"], values["OAuthClientSecret"], values["WebMessage"])
	}
	if c.MySQLTopologyPassword != "hidden1" {
		t.Error("the configuration itself was masked")
	}
}

func TestDurations(t *testing.T) {
	c := Default()
	c.MasterFailoverLostInstancesDowntimeMinutes = 30
	c.GraphitePollSeconds = -1
	for name, pair := range map[string][2]time.Duration{
		"poll":                {c.InstancePoll(), 5 * time.Second},
		"flush":               {c.InstanceFlushInterval(), 100 * time.Millisecond},
		"TLS cache":           {c.TLSCacheTTL(), 500 * time.Second},
		"forget":              {c.UnseenInstanceForget(), 240 * time.Hour},
		"detection block":     {c.FailureDetectionPeriodBlock(), time.Hour},
		"recovery block":      {c.RecoveryPeriodBlock(), time.Hour},
		"audit":               {c.AuditPurge(), 7 * 24 * time.Hour},
		"configured lost":     {c.LostInstancesDowntime(), 30 * time.Minute},
		"default lost":        {Default().LostInstancesDowntime(), 365 * 24 * time.Hour},
		"negative is off":     {c.GraphitePoll(), 0},
		"never overflows":     {span(uint(math.MaxUint), time.Hour), math.MaxInt64},
		"longest that fits":   {span(int64(math.MaxInt64), 1), math.MaxInt64},
		"product overflows":   {(&Config{TLSCacheTTLFactor: math.MaxUint, InstancePollSeconds: 2}).TLSCacheTTL(), math.MaxInt64},
		"no interval, no ttl": {(&Config{TLSCacheTTLFactor: 1}).TLSCacheTTL(), 0},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
}

// TestDurationsAreNotNegative calls every method that gives a duration, on the defaults.
func TestDurationsAreNotNegative(t *testing.T) {
	v := reflect.ValueOf(Default())
	seen := 0
	for i := range v.NumMethod() {
		method := v.Method(i)
		if method.Type().NumIn() != 0 || method.Type().NumOut() != 1 || method.Type().Out(0) != reflect.TypeFor[time.Duration]() {
			continue
		}
		seen++
		if d := method.Call(nil)[0].Interface().(time.Duration); d < 0 {
			t.Errorf("%s is %v", v.Type().Method(i).Name, d)
		}
	}
	if seen < 25 {
		t.Errorf("only %d methods looked at", seen)
	}
}
