package config

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// documents are files in memory.
func documents(files map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if text, ok := files[name]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
}

// TestPlaces: each key is found in the file and on the line where it stands, in every file that gives it, with the
// variables that its value names.
func TestPlaces(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"a": "\n\n{\n  \"InstancePollSeconds\": 4,\n  \"RaftNodes\": [\n    \"one\",\n    \"${TWO}\"\n  ], \"URLPrefix\": \"${WHERE}\",\n  \"Debug\": true\n}\n",
		"b": `{"InstancePollSeconds": 6, "MySQLTopologyPassword": "${PASS WORD}", "RecoverMasterClusterFilters": ["$${x}"],
"PostFailoverProcesses": ["${HOME}"], "InstancePollSeconds": 7}`,
	}
	o := Options{Files: []string{"a", "b"}, ReadFile: documents(files), Env: func(name string) (string, bool) { return "/" + name, true }}
	c, _, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]Place{
		"InstancePollSeconds":         {{File: "a", Line: 4}, {File: "b", Line: 2}},
		"RaftNodes":                   {{File: "a", Line: 5, Variables: []string{"TWO"}}},
		"URLPrefix":                   {{File: "a", Line: 8, Variables: []string{"WHERE"}}},
		"Debug":                       {{File: "a", Line: 9}},
		"MySQLTopologyPassword":       {{File: "b", Line: 1, Variables: []string{"PASS WORD"}}},
		"RecoverMasterClusterFilters": {{File: "b", Line: 1}},
		"PostFailoverProcesses":       {{File: "b", Line: 2}},
		"ListenAddress":               nil,
	}
	for key, places := range want {
		if diff := cmp.Diff(places, c.Places(key)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	if c.Source("InstancePollSeconds") != "b" || c.InstancePollSeconds != 7 {
		t.Errorf("%s, %d", c.Source("InstancePollSeconds"), c.InstancePollSeconds)
	}

	// What a file does not give any more keeps its value and has no line.
	files["a"] = `{
"Debug": false}`
	next, _, err := Reload(c, o)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Place{{File: "a", Line: 0, Variables: []string{"WHERE"}}}, next.Places("URLPrefix")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Place{{File: "a", Line: 2}}, next.Places("Debug")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Place{{File: "a", Line: 9}}, c.Places("Debug")); diff != "" {
		t.Errorf("the configuration before has changed: %s", diff)
	}
}

// TestChanges: what differs is told in the order of the page, and secrets are masked.
func TestChanges(t *testing.T) {
	t.Parallel()
	load := func(text string) *Config {
		c, _, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	before := load(`{"InstancePollSeconds": 4, "MySQLTopologyPassword": "old", "DiscoverySeeds": [], "BackendDB": "sqlite", "SQLite3DataFile": "f"}`)
	after := load(`{"InstancePollSeconds": 6, "MySQLTopologyPassword": "new", "Debug": true, "BackendDB": "sqlite", "SQLite3DataFile": "f"}`)
	list, err := Changes(before, after)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list {
		got = append(got, c.Key.Name+" "+string(c.Before)+" "+string(c.After)+" "+c.Key.Reload.String())
	}
	want := []string{"Debug false true restart", `MySQLTopologyPassword "********" "********" yes`, "InstancePollSeconds 4 6 partly"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if list, err := Changes(after, after); err != nil || len(list) > 0 {
		t.Errorf("%v %v", list, err)
	}
	for _, k := range Keys() {
		if k.OfOneNode() && k.Secret {
			t.Errorf("%s: a secret of one node is compared nowhere", k.Name)
		}
	}
}

// TestFindingsSayWhereTheirKeysStand: what the check says of keys leads to file and line, also of keys that do not exist; of several
// files to the one that counts.
func TestFindingsSayWhereTheirKeysStand(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"a": "{\n\"DiscoveryMaxConcurrency\": 7,\n\"InstancePolSeconds\": 4\n}",
		"b": "{\n\n\n\"DiscoveryMaxConcurrency\": 0, \"BackendDB\": \"sqlite\",\n\"SQLite3DataFile\": \":memory:\"}",
	}
	c, warnings, err := Load(Options{Files: []string{"a", "b"}, ReadFile: documents(files), Env: func(string) (string, bool) { return "", false }})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range Check(c, warnings) {
		for _, w := range s.Where {
			if s.Severity == Concern {
				got[w.Key] = w.String()
			}
		}
	}
	want := map[string]string{"InstancePolSeconds": "a:3", "DiscoveryMaxConcurrency": "b:4", "SQLite3DataFile": "b:5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var report strings.Builder
	if err := Report(&report, c, warnings); err != nil || !strings.Contains(report.String(), "it stands in: a:3\n") {
		t.Errorf("%v in\n%s", err, report.String())
	}
}
