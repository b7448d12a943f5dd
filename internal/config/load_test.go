package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestLoadFiles(t *testing.T) {
	r := rig{files: map[string]string{
		"one": `{"WebMessage": "one", "DiscoverySeeds": ["a", "b"], "ClusterNameToAlias": {"x": "1", "y": "1"}, "DefaultInstancePort": 3307}`,
		"two": `{"WebMessage": "two", "DiscoverySeeds": ["c"], "ClusterNameToAlias": {"y": "2"}}`,
	}}
	c, _, err := r.load("missing", "one", "two")
	if err != nil {
		t.Fatal(err)
	}
	if c.WebMessage != "two" || c.DefaultInstancePort != 3307 {
		t.Errorf("scalars: %q %d", c.WebMessage, c.DefaultInstancePort)
	}
	if !slices.Equal(c.DiscoverySeeds, []string{"c"}) {
		t.Errorf("a list is replaced as a whole, got %v", c.DiscoverySeeds)
	}
	if want := map[string]string{"x": "1", "y": "2"}; !reflect.DeepEqual(c.ClusterNameToAlias, want) {
		t.Errorf("a map is merged: %v", c.ClusterNameToAlias)
	}
	if !slices.Equal(c.Files(), []string{"one", "two"}) || c.Source("WebMessage") != "two" || c.Source("DefaultInstancePort") != "one" || c.Source("Debug") != "" {
		t.Errorf("origin: %v, %q", c.Files(), c.Source("WebMessage"))
	}
}

func TestLoadSearchesTheDefaultFilesInOrder(t *testing.T) {
	var asked []string
	opts := rig{}.options()
	opts.Files = nil
	read := opts.ReadFile
	opts.ReadFile = func(name string) ([]byte, error) {
		asked = append(asked, name)
		return read(name)
	}
	if _, _, err := Load(opts); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/etc/orchestrator.conf.json", "conf/orchestrator.conf.json", "orchestrator.conf.json"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v", asked)
	}
}

func TestLoadExplicitFile(t *testing.T) {
	r := rig{files: map[string]string{"mine": `{"Debug": true}`, "other": `{"ReadOnly": true}`}}
	opts := r.options("other")
	opts.Explicit = "mine"
	c, _, err := Load(opts)
	if err != nil || !c.Debug || c.ReadOnly {
		t.Errorf("only the explicit file counts: %v", err)
	}
	opts.Explicit = "absent"
	_, _, err = Load(opts)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an explicit file must exist, got %v", err)
	}
	contains(t, err.Error(), "absent", "cannot be read")
}

func TestLoadUnreadableFileIsSkippedWithAWarning(t *testing.T) {
	opts := rig{}.options("locked")
	opts.ReadFile = func(name string) ([]byte, error) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	_, warnings, err := Load(opts)
	if err != nil {
		t.Fatal(err)
	}
	if w, ok := find(warnings, FileSkipped, ""); !ok || w.File != "locked" {
		t.Errorf("warnings %v", warnings)
	}
}

func TestDecoding(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		ok         func(*Config) bool
	}{
		{"letter case does not matter", `{"listenaddress": ":1"}`, func(c *Config) bool { return c.ListenAddress == ":1" }},
		{"newer spelling", `{"RecoverPrimaryClusterFilters": ["x"]}`, func(c *Config) bool { return slices.Equal(c.RecoverMasterClusterFilters, []string{"x"}) }},
		{"the last of repeated keys counts", `{"WebMessage": "1", "webmessage": "2"}`, func(c *Config) bool { return c.WebMessage == "2" }},
		{"only the first value is read", `{"WebMessage": "1"} {"WebMessage": "2"}`, func(c *Config) bool { return c.WebMessage == "1" }},
		{"null keeps a scalar", `{"ListenAddress": null}`, func(c *Config) bool {
			return c.ListenAddress == ":3000" && c.EffectiveListenAddress() == "127.0.0.1:3000"
		}},
		{"null empties a list", `{"PowerAuthUsers": null}`, func(c *Config) bool { return len(c.PowerAuthUsers) == 0 }},
		{"null document", `null`, func(c *Config) bool { return c.ListenAddress == ":3000" }},
		{"fraction", `{"DeadInstancePollSecondsMultiplyFactor": 1.5}`, func(c *Config) bool { return c.DeadInstancePollSecondsMultiplyFactor == 1.5 }},
		{"escapes in a key", `{"Web\u004dessage": "x"}`, func(c *Config) bool { return c.WebMessage == "x" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if c, _ := mustLoad(t, tt.text); !tt.ok(c) {
				t.Errorf("%s was not understood", tt.text)
			}
		})
	}
}

func TestKeyWarnings(t *testing.T) {
	for _, tt := range []struct {
		name, text, key string
		kind            WarningKind
		parts           []string
	}{
		{"unknown with a near one", `{"RecoverMasterClusterFilter": []}`, "RecoverMasterClusterFilter", UnknownKey, []string{"a: ", "did you mean RecoverMasterClusterFilters?"}},
		{"unknown with none", `{"Bananas": 1}`, "Bananas", UnknownKey, []string{"docs/configuration.md"}},
		{"removed", `{"MaintenanceOwner": "x"}`, "MaintenanceOwner", RemovedKey, []string{"older versions"}},
		{"seen in samples", `{"StatusSimpleHealth": true}`, "StatusSimpleHealth", RemovedKey, nil},
		{"dead", `{"OAuthScopes": []}`, "OAuthScopes", DeadKey, []string{"no effect"}},
		{"settled in another way", `{"DiscoveryQueueCapacity": 5}`, "DiscoveryQueueCapacity", DeadKey, []string{"a: ", "has no effect: each server is asked on a schedule of its own", "it can be removed"}},
		{"of a later version", `{"ServeAgentsHttp": true, "RaftEnabled": false}`, "", PlannedKeys, []string{"a: ", "not in this version: ServeAgentsHttp;"}},
		{"old name", `{"SlaveLagQuery": "select 1"}`, "SlaveLagQuery", LegacyKey, []string{"write ReplicationLagQuery"}},
		{"repeated in another case", `{"Debug": true, "debug": false}`, "debug", RepeatedKey, []string{"Debug again"}},
		{"text after the object", `{} x`, "", FileSkipped, []string{"after the first JSON value"}},
		{"backend chosen", `{}`, "BackendDB", Notice, []string{"./orchestrator.sqlite3"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, warnings := mustLoad(t, tt.text)
			w, ok := find(warnings, tt.kind, tt.key)
			if !ok {
				t.Fatalf("no such warning in %v", warnings)
			}
			contains(t, w.String(), tt.parts...)
		})
	}
}

func TestSyntaxAndTypeErrors(t *testing.T) {
	for _, tt := range []struct {
		name, text, key string
		parts           []string
	}{
		{"empty file", ``, "", []string{"is empty", "{}"}},
		{"unfinished", `{"Debug": true`, "", []string{"ends in the middle"}},
		{"comment", "{\n  // x\n}", "", []string{"line 2, column 3", "no comments"}},
		{"comma at the end", `{"Debug": true,}`, "", []string{"line 1, column 16"}},
		{"byte order mark", "\xef\xbb\xbf{}", "", []string{"byte order mark"}},
		{"a list", `[]`, "", []string{"object"}},
		{"text for a boolean", `{"Debug": "true"}`, "Debug", []string{`"true"`, "true or false", "without quotes"}},
		{"text for a number", `{"InstancePollSeconds": "5"}`, "InstancePollSeconds", []string{"whole number"}},
		{"negative", `{"InstancePollSeconds": -5}`, "InstancePollSeconds", []string{"-5", "0 or more"}},
		{"fraction for a whole number", `{"DefaultInstancePort": 1.5}`, "DefaultInstancePort", []string{"1.5"}},
		{"number for a text", `{"WebMessage": 1}`, "WebMessage", []string{"double quotes"}},
		{"text for a list", `{"DiscoverySeeds": "db1"}`, "DiscoverySeeds", []string{`["one", "two"]`}},
		{"list for a map", `{"ClusterNameToAlias": []}`, "ClusterNameToAlias", []string{"object"}},
		{"too large", `{"MySQLTopologyMaxAllowedPacket": 9999999999}`, "MySQLTopologyMaxAllowedPacket", []string{"9999999999"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _, err := loadText(tt.text)
			if err == nil || c != nil {
				t.Fatalf("%s was accepted", tt.text)
			}
			e := problems(t, err)[0]
			if e.File != "a" || e.Key != tt.key || e.Remedy == "" {
				t.Errorf("file %q, key %q, remedy %q", e.File, e.Key, e.Remedy)
			}
			contains(t, err.Error(), tt.parts...)
		})
	}
}

func TestASecretIsNotShownInAnError(t *testing.T) {
	_, _, err := loadText(`{"MySQLTopologyPassword": 12345}`)
	if err == nil || strings.Contains(err.Error(), "12345") {
		t.Errorf("error %v", err)
	}
}

func TestAllProblemsAreReportedTogether(t *testing.T) {
	r := rig{files: map[string]string{
		"a": `{"Debug": 1, "RaftEnabled": true, "RaftBind": "", "DeadInstancePollSecondsMultiplyFactor": 0.5}`,
		"b": `{"ReadOnly": 2, "DefaultInstancePort": 0}`,
	}}
	_, _, err := r.load("a", "b")
	got := keysOf(problems(t, err))
	want := []string{"Debug", "RaftDataDir", "RaftBind", "DeadInstancePollSecondsMultiplyFactor", "ReadOnly", "DefaultInstancePort"}
	if !slices.Equal(got, want) {
		t.Errorf("keys %v, want %v", got, want)
	}
	if file := problems(t, err)[5].File; file != "b" {
		t.Errorf("the port was given in b, not %s", file)
	}
}

func TestParse(t *testing.T) {
	c, _, err := Parse([]byte(`{"BackendDB": "sqlite", "SQLite3DataFile": ":memory:"}`))
	if err != nil || c.SQLite3DataFile != ":memory:" {
		t.Errorf("%v", err)
	}
}

func TestBackendChoice(t *testing.T) {
	for _, tt := range []struct {
		name, text, backend, file string
		chosen                    bool
	}{
		{"nothing given", `{}`, "sqlite", "./orchestrator.sqlite3", true},
		{"only a data file", `{"SQLite3DataFile": "/x"}`, "sqlite", "/x", true},
		{"only a host", `{"MySQLOrchestratorHost": "h"}`, "mysql", "", false},
		{"mysql without a host", `{"BackendDB": "mysql"}`, "mysql", "", false},
		{"given empty is mysql", `{"BackendDB": ""}`, "", "", false},
		{"sqlite3", `{"BackendDB": "sqlite3", "SQLite3DataFile": "/y"}`, "sqlite3", "/y", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := mustLoad(t, tt.text)
			if c.BackendDB != tt.backend || c.SQLite3DataFile != tt.file || c.BackendChosen() != tt.chosen {
				t.Errorf("%q %q %v", c.BackendDB, c.SQLite3DataFile, c.BackendChosen())
			}
			if c.IsSQLite() != strings.HasPrefix(tt.backend, "sqlite") {
				t.Error("IsSQLite disagrees")
			}
		})
	}
}

func TestEffectiveListenAddress(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"not given", `{}`, "127.0.0.1:3000"},
		{"given as the key's default", `{"ListenAddress": ":3000"}`, ":3000"},
		{"given", `{"ListenAddress": "10.0.0.1:80"}`, "10.0.0.1:80"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if c, _ := mustLoad(t, tt.text); c.EffectiveListenAddress() != tt.want {
				t.Errorf("%s", c.EffectiveListenAddress())
			}
		})
	}
}

func TestSampleFile(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "conf", "orchestrator-sample.conf.json"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(strings.TrimSpace(string(text)), "\n") + 1; lines > 5 {
		t.Errorf("the sample has %d lines", lines)
	}
	r := rig{files: map[string]string{"a": string(text)}, env: map[string]string{"ORCHESTRATOR_TOPOLOGY_PASSWORD": "p"}}
	c, warnings, err := r.load("a")
	if err != nil {
		t.Fatal(err)
	}
	if c.MySQLTopologyPassword != "p" || !c.RecoverPrimaryClusters().All() || len(warnings) != 1 || warnings[0].Kind != Notice {
		t.Errorf("%q %v", c.MySQLTopologyPassword, warnings)
	}
}

func TestDataFile(t *testing.T) {
	t.Run("a writable directory", func(t *testing.T) {
		directory := t.TempDir()
		if got := dataFile(directory); got != filepath.Join(directory, "orchestrator.sqlite3") {
			t.Errorf("%s", got)
		}
	})
	t.Run("no directory", func(t *testing.T) {
		if got := dataFile(filepath.Join(t.TempDir(), "none")); got != "./orchestrator.sqlite3" {
			t.Errorf("%s", got)
		}
	})
	t.Run("a file in the directory's place", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := dataFile(file); got != "./orchestrator.sqlite3" {
			t.Errorf("%s", got)
		}
	})
	t.Run("a directory that may not be written to, with the file in it", func(t *testing.T) {
		directory := t.TempDir()
		shared := filepath.Join(directory, "orchestrator.sqlite3")
		if err := os.WriteFile(shared, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(directory, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(directory, 0o700) })
		if got := dataFile(directory); got != shared {
			t.Errorf("%s", got)
		}
	})
}

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[`, `{"Debug": true}`, `{"ClusterNameToAlias": {"a(": "b"}}`, `{"URLPrefix": "///"}`,
		`{"MySQLTopologyPassword": "${X}"}`, `{"RaftEnabled": true, "RaftNodes": ["[::1", ""]}`, `{"MySQLTopologyCredentialsConfigFile": "a"}`,
		`{"HTTPAdvertise": "http://[::1"}`, `{"\u0130": 1}`, `{"TLSCacheTTLFactor": 18446744073709551615}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, warnings, err := loadText(text)
		if (c == nil) != (err != nil) {
			t.Fatalf("config %v, error %v", c, err)
		}
		if err != nil {
			problems(t, err)
			return
		}
		var out strings.Builder
		if err := Report(&out, c, warnings); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Dump(); err != nil {
			t.Fatal(err)
		}
		if again, _, err := Reload(c, rig{}.options()); err != nil || !slices.Equal(again.RaftNodes, c.RaftNodes) {
			t.Fatalf("a reload of nothing: %v", err)
		}
	})
}
