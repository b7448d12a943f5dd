package sandbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"orchestrator/internal/sandbox"
)

func TestFindNamesTheRemedy(t *testing.T) {
	t.Setenv("ORCHESTRATOR_SERVERS_DIR", t.TempDir())
	_, err := sandbox.Find(sandbox.MySQL56) // never looked for on PATH
	if !errors.Is(err, sandbox.ErrNoServer) || !strings.Contains(err.Error(), "script/install-servers mysql56") {
		t.Errorf("error %v: want ErrNoServer and the command to run", err)
	}
}

func TestFindReadsTheStamp(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("ORCHESTRATOR_SERVERS_DIR", dir)
	family := filepath.Join(dir, "mysql")
	if err := os.Mkdir(family, 0o755); err != nil {
		t.Fatal(err)
	}
	stamp := "recipe=1\nversion=mysqld  Ver 9.7.4-2 for Linux\nserver=bin/mysqld\nbasedir=root/usr\nshare=/abs/share\nplugins=\n"
	if err := os.WriteFile(filepath.Join(family, "installed"), []byte(stamp), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := sandbox.Find(sandbox.MySQL)
	want := sandbox.Family{Flavor: sandbox.MySQL, Version: "9.7.4", Server: family + "/bin/mysqld", BaseDir: family + "/root/usr", Share: "/abs/share"}
	if err != nil || got != want {
		t.Errorf("got %+v (%v), want %+v", got, err, want)
	}
	if err := os.WriteFile(filepath.Join(family, "installed"), []byte("recipe=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sandbox.Find(sandbox.MySQL); err == nil || errors.Is(err, sandbox.ErrNoServer) {
		t.Errorf("a broken stamp gave %v, want an error of its own", err)
	}
}

func TestFindTakesTheMachinesOwn(t *testing.T) {
	tests := []struct {
		name    string
		program string
		says    string
		flavor  sandbox.Flavor
		version string // empty: not found
	}{
		{"MySQL", "mysqld", "mysqld  Ver 8.4.2 for Linux on x86_64 (MySQL Community Server - GPL)", sandbox.MySQL, "8.4.2"},
		{"MySQL that is too old", "mysqld", "mysqld  Ver 8.0.22 for Linux on x86_64 (MySQL Community Server - GPL)", sandbox.MySQL, ""},
		{"MariaDB asked for MySQL", "mysqld", "mysqld  Ver 10.11.18-MariaDB for debian-linux-gnu", sandbox.MySQL, ""},
		{"MySQL asked for MariaDB", "mysqld", "mysqld  Ver 8.4.2 for Linux on x86_64 (MySQL Community Server - GPL)", sandbox.MariaDB, ""},
		{"MariaDB", "mariadbd", "mariadbd  Ver 11.4.2-MariaDB for debian-linux-gnu", sandbox.MariaDB, "11.4.2"},
		{"MariaDB that is too old", "mariadbd", "mariadbd  Ver 10.3.9-MariaDB for debian-linux-gnu", sandbox.MariaDB, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			prefix := t.TempDir()
			bin, share := filepath.Join(prefix, "bin"), filepath.Join(prefix, "share", "mariadb")
			for _, dir := range []string{bin, share} {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"mariadb_system_tables.sql", "mariadb_performance_tables.sql", "mariadb_system_tables_data.sql"} {
				if err := os.WriteFile(filepath.Join(share, name), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(bin, test.program), []byte("#!/bin/sh\necho '"+test.says+"'\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			t.Setenv("ORCHESTRATOR_SERVERS_DIR", t.TempDir())
			t.Setenv("PATH", bin)
			got, err := sandbox.Find(test.flavor)
			if test.version == "" && err == nil && strings.HasPrefix(got.Server, prefix) {
				t.Errorf("took %+v", got)
			}
			if test.version != "" && (err != nil || got.Version != test.version || got.Server != filepath.Join(bin, test.program)) {
				t.Errorf("got %+v (%v), want version %s", got, err, test.version)
			}
		})
	}
}

func TestParseFlavor(t *testing.T) {
	for _, flavor := range sandbox.Flavors() {
		if got, err := sandbox.ParseFlavor(strings.ToUpper(flavor.String())); err != nil || got != flavor {
			t.Errorf("ParseFlavor(%s) = %v, %v", flavor, got, err)
		}
	}
	if _, err := sandbox.ParseFlavor("oracle"); err == nil {
		t.Error("oracle was accepted")
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	tests := map[string]sandbox.Options{
		"fewer than no nodes":     {Nodes: -1},
		"co-primary alone":        {Nodes: 1, Layout: sandbox.CoPrimary},
		"no such layout":          {Layout: 9},
		"semi-sync with 5.6":      {Flavor: sandbox.MySQL56, SemiSync: true},
		"more ports than nodes":   {Nodes: 1, Ports: []int{1, 2}},
		"net timeout below 1 sec": {NetTimeout: 1},
	}
	for name, options := range tests {
		t.Run(name, func(t *testing.T) {
			if c, err := sandbox.Start(t.Context(), options); err == nil {
				t.Errorf("started %v (%v)", c.Addrs(), c.Close())
			}
		})
	}
}
