// Package architecture holds the rule of the house: a package may import only packages that stand on a lower floor.
package architecture

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "orchestrator/"

// floors lists the rooms from the ground up, as docs/architecture.md draws them. A room that is not listed fails the
// test: a new package gets its place here first.
var floors = [][]string{
	{"internal/gtid", "internal/wire", "internal/config"},
	{"internal/topology"},
	{"internal/analysis", "internal/plan", "internal/correlate"},
	{"internal/failover", "internal/server", "internal/binlog", "internal/store"},
	{"internal/refactor"},
	{"internal/observe", "internal/consensus", "internal/publish"},
	{"internal/execute"},
	{"internal/recovery", "internal/move", "internal/rehearsal"},
	{"internal/operate"},
	{"internal/httpapi", "internal/cli", "internal/web"},
	{"cmd", "bench"},
}

// side rooms are imported by cmd, bench and tests alone, and import nothing but what is listed with them.
var side = map[string][]string{
	"internal/sandbox": {"internal/wire"}, // for its binlog server
	// The simulator runs the engine, so it looks at all that the engine is made of.
	"internal/sim": {"internal/gtid", "internal/config", "internal/topology", "internal/analysis", "internal/plan", "internal/failover", "internal/server",
		"internal/store", "internal/observe", "internal/consensus", "internal/publish", "internal/execute", "internal/recovery"},
}

// pure packages decide; they reach neither servers, nor files, nor the network.
var pure = []string{"internal/gtid", "internal/topology", "internal/analysis", "internal/plan", "internal/failover", "internal/refactor", "internal/correlate"}

var impure = []string{"net/http", "database/sql", "os", "os/exec", "io/ioutil", "syscall"}

func TestImportsPointDownwards(t *testing.T) {
	root := repository(t)
	each(t, root, func(file, room string, imports []string) {
		if room == "internal/architecture" {
			return
		}
		test := strings.HasSuffix(file, "_test.go")
		at, isSide := floor(room), sideRoom(room)
		if at < 0 && isSide == "" {
			t.Errorf("%s: package %s has no floor", file, room)
			return
		}
		for _, path := range imports {
			to, ours := strings.CutPrefix(path, module)
			switch {
			case !ours || within(to, room) || within(room, to):
			case sideRoom(to) != "":
				if !test && at < len(floors)-1 && isSide != sideRoom(to) {
					t.Errorf("%s imports the side room %s: only cmd, bench and tests may", file, to)
				}
			case isSide != "":
				if !test && !allowed(side[isSide], to) {
					t.Errorf("%s: the side room %s may not import %s", file, room, to)
				}
			case test: // tests may look down and sideways, but not up
				if floor(to) > at {
					t.Errorf("%s (floor %d) imports %s (floor %d)", file, at+1, to, floor(to)+1)
				}
			case floor(to) >= at && at < len(floors)-1:
				t.Errorf("%s (floor %d) imports %s (floor %d)", file, at+1, to, floor(to)+1)
			}
		}
	})
}

func TestWhatDecidesReachesNothing(t *testing.T) {
	each(t, repository(t), func(file, room string, imports []string) {
		if !allowed(pure, room) || strings.HasSuffix(file, "_test.go") {
			return
		}
		for _, path := range imports {
			if allowed(impure, path) {
				t.Errorf("%s imports %s, but %s only decides", file, path, room)
			}
		}
	})
}

func TestStatementsStandInOnePlace(t *testing.T) {
	each(t, repository(t), func(file, room string, imports []string) {
		for _, path := range imports {
			driver := strings.HasPrefix(path, "github.com/go-sql-driver/") || strings.HasPrefix(path, "modernc.org/sqlite") || path == "database/sql"
			if driver && !strings.HasSuffix(file, "_test.go") && !allowed([]string{"internal/server", "internal/store", "internal/sandbox", "bench"}, room) {
				t.Errorf("%s imports %s: SQL for managed servers is in internal/server, for the backend in internal/store", file, path)
			}
		}
	})
}

// each calls do for every Go file of the repository, with the package's path and what the file imports.
func each(t *testing.T, root string, do func(file, room string, imports []string)) {
	t.Helper()
	for _, top := range []string{"internal", "cmd", "bench"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			var imports []string
			for _, i := range parsed.Imports {
				name, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					return err
				}
				imports = append(imports, name)
			}
			file, err := filepath.Rel(root, path)
			do(file, filepath.ToSlash(filepath.Dir(file)), imports)
			return err
		})
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

func repository(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func floor(room string) int {
	for n, rooms := range floors {
		if allowed(rooms, room) {
			return n
		}
	}
	return -1
}

func sideRoom(room string) string {
	for name := range side {
		if within(room, name) {
			return name
		}
	}
	return ""
}

func allowed(rooms []string, room string) bool {
	for _, r := range rooms {
		if within(room, r) {
			return true
		}
	}
	return false
}

// within says whether a package is the room or lies below it.
func within(pkg, room string) bool { return pkg == room || strings.HasPrefix(pkg, room+"/") }
