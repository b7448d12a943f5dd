package config

import (
	"slices"
	"testing"
)

func TestFiltersMatch(t *testing.T) {
	for _, tt := range []struct {
		name    string
		entries []string
		host    string
		port    int
		want    bool
	}{
		{"nothing", nil, "db1", 3306, false},
		{"substring", []string{"b1"}, "db1", 3306, true},
		{"expression over the port", []string{"^db1:33"}, "db1", 3306, true},
		{"anchored elsewhere", []string{"^b1"}, "db1", 3306, false},
		{"second entry", []string{"x", "3307$"}, "db1", 3307, true},
		{"address", []string{"10.0.0.1"}, "10.0.0.1", 3306, true},
		{"an address is no expression", []string{"10.0.0.1"}, "10.0.0.11", 3306, false},
		{"an address is not its dots", []string{"10.0.0.1"}, "10x0.0.1", 3306, false},
		{"IPv6 address", []string{"fe80::1"}, "fe80::1", 3306, true},
		{"IPv6 in an expression", []string{`^\[fe80::1\]:3306$`}, "fe80::1", 3306, true},
		{"bad expression never matches", []string{"("}, "(", 3306, false},
		{"bad expression does not hide a good one", []string{"(", "db"}, "db1", 3306, true},
		{"empty entry matches all", []string{""}, "db1", 3306, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := NewFilters(tt.entries, nil).Match(tt.host, tt.port); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestNameFiltersMatch(t *testing.T) {
	f := NewNameFilters([]string{"^repl$", "("}, nil)
	if !f.Match("repl") || f.Match("replica") || f.Match("(") {
		t.Error("expressions are not searched for in the name")
	}
}

func TestClusterFiltersMatch(t *testing.T) {
	const name, alias = "db1.example.com:3306", "orders"
	for _, tt := range []struct {
		name    string
		entries []string
		want    bool
	}{
		{"none", nil, false},
		{"empty entry", []string{""}, false},
		{"all", []string{"*"}, true},
		{"name", []string{name}, true},
		{"alias as it is", []string{alias}, true},
		{"alias=", []string{"alias=orders"}, true},
		{"alias= is exact", []string{"alias=order"}, false},
		{"alias~=", []string{"alias~=^ord"}, true},
		{"alias~= elsewhere", []string{"alias~=^shop"}, false},
		{"expression on the name", []string{"db[0-9]"}, true},
		{"an expression does not look at the alias", []string{"order"}, false},
		{"bad expression", []string{"*db1"}, false},
		{"bad alias expression", []string{"alias~=("}, false},
		{"one of several", []string{"(", "nothing", "alias=orders"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := NewClusterFilters(tt.entries, nil).Match(name, alias); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
	t.Run("without an alias", func(t *testing.T) {
		if NewClusterFilters([]string{"", "alias=orders"}, nil).Match(name, "") {
			t.Error("an empty alias matched")
		}
	})
}

func TestBadPatternsAreReportedAndHarmless(t *testing.T) {
	for _, key := range []string{
		"ProblemIgnoreHostnameFilters", "OSCIgnoreHostnameFilters", "PromotionIgnoreHostnameFilters", "DiscoveryIgnoreReplicaHostnameFilters",
		"DiscoveryIgnoreMasterHostnameFilters", "DiscoveryIgnoreHostnameFilters", "DiscoveryIgnoreReplicationUsernameFilters",
		"RecoveryIgnoreHostnameFilters", "RecoverMasterClusterFilters", "RecoverIntermediateMasterClusterFilters",
	} {
		t.Run(key, func(t *testing.T) { badPattern(t, `{"`+key+`": ["*.x"]}`, key, `write ".*.x"`) })
	}
	for _, key := range []string{"DataCenterPattern", "RegionPattern", "PhysicalEnvironmentPattern", "RejectHostnameResolvePattern", "PseudoGTIDPattern"} {
		t.Run(key, func(t *testing.T) { badPattern(t, `{"`+key+`": "(x"}`, key, "RE2") })
	}
	t.Run("ClusterNameToAlias", func(t *testing.T) {
		badPattern(t, `{"ClusterNameToAlias": {"(x": "y"}}`, "ClusterNameToAlias", "(x")
	})
	t.Run("a fixed substring is no expression", func(t *testing.T) {
		_, warnings := mustLoad(t, `{"PseudoGTIDPattern": "(x", "PseudoGTIDPatternIsFixedSubstring": true}`)
		if _, ok := find(warnings, BadPattern, "PseudoGTIDPattern"); ok {
			t.Error("it was reported")
		}
	})
	t.Run("the alias prefix stays in the remedy", func(t *testing.T) {
		badPattern(t, `{"RecoverMasterClusterFilters": ["alias~=*x"]}`, "RecoverMasterClusterFilters", `"alias~=.*x"`)
	})
}

func badPattern(t *testing.T, text, key, part string) {
	t.Helper()
	_, warnings := mustLoad(t, text)
	w, ok := find(warnings, BadPattern, key)
	if !ok {
		t.Fatalf("no such warning in %v", warnings)
	}
	contains(t, w.String(), "a: "+key+": ", "never matches", part)
}

func TestClassification(t *testing.T) {
	c, _ := mustLoad(t, `{
		"ClusterNameToAlias": {"db": "second", "^db1": "by expression", "db1:3306": "exact", "x(": "bad"},
		"DataCenterPattern": "[.]([^.]+)[.]example", "RegionPattern": "eu", "RejectHostnameResolvePattern": "^localhost$", "PseudoGTIDPattern": "pg-[0-9]"}`)
	for name, pair := range map[string][2]string{
		"equal name first":       {c.ClusterAlias("db1:3306"), "exact"},
		"then in order":          {c.ClusterAlias("db1:3307"), "by expression"},
		"none":                   {c.ClusterAlias("shop:3306"), ""},
		"data center":            {c.DataCenterOf("db1.dc2.example.com"), "dc2"},
		"no data center":         {c.DataCenterOf("db1"), ""},
		"no group":               {c.RegionOf("eu-1"), ""},
		"no pattern":             {c.PhysicalEnvironmentOf("db1"), ""},
		"pseudo-GTID expression": {c.PseudoGTIDExpression().FindString("x pg-1"), "pg-1"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", name, pair[0], pair[1])
		}
	}
	if !c.RejectsResolvedName("localhost") || c.RejectsResolvedName("localhosts") {
		t.Error("RejectHostnameResolvePattern")
	}
	if Default().RejectsResolvedName("x") || Default().PseudoGTIDExpression() != nil {
		t.Error("no pattern, yet something is rejected or sought")
	}
}

func TestAccessorsUseTheirOwnKeys(t *testing.T) {
	for key, match := range map[string]func(*Config) bool{
		"ProblemIgnoreHostnameFilters":              func(c *Config) bool { return c.ProblemIgnore().Match("db", 1) },
		"OSCIgnoreHostnameFilters":                  func(c *Config) bool { return c.OSCIgnore().Match("db", 1) },
		"PromotionIgnoreHostnameFilters":            func(c *Config) bool { return c.PromotionIgnore().Match("db", 1) },
		"DiscoveryIgnoreReplicaHostnameFilters":     func(c *Config) bool { return c.DiscoveryIgnoreReplicas().Match("db", 1) },
		"DiscoveryIgnoreMasterHostnameFilters":      func(c *Config) bool { return c.DiscoveryIgnoreSources().Match("db", 1) },
		"DiscoveryIgnoreHostnameFilters":            func(c *Config) bool { return c.DiscoveryIgnoreAny().Match("db", 1) },
		"DiscoveryIgnoreReplicationUsernameFilters": func(c *Config) bool { return c.DiscoveryIgnoreReplicationUsers().Match("db") },
		"RecoveryIgnoreHostnameFilters":             func(c *Config) bool { return c.RecoveryIgnore().Match("db") },
		"RecoverMasterClusterFilters":               func(c *Config) bool { return c.RecoverPrimaryClusters().Match("db:1", "") },
		"RecoverIntermediateMasterClusterFilters":   func(c *Config) bool { return c.RecoverIntermediateClusters().Match("db:1", "") },
	} {
		c, _ := mustLoad(t, `{"`+key+`": ["db"]}`)
		built := Default()
		built.field(key).Set(c.field(key))
		if !match(c) || !match(built) || match(Default()) {
			t.Errorf("%s: loaded %v, built %v, default %v", key, match(c), match(built), match(Default()))
		}
	}
	if other := Default(); slices.Contains(other.RecoverMasterClusterFilters, "db") {
		t.Error("a default was changed")
	}
}
