package operate_test

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"orchestrator/internal/operate"
)

// The inventory in testdata/published lists what scripts may call: every command, route and client command, with who
// may call it, where it is answered, and what the answer is. exceptions.tsv lists what differs, each with its reason;
// docs/compatibility.md tells people the same.

// published reads a list of testdata/published: lines of cells with tabs between, # for comments.
func published(t *testing.T, name string, cells int) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "published", name+".tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var rows [][]string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		row := strings.Split(line, "\t")
		if len(row) != cells {
			t.Fatalf("%s: %q has %d cells, not %d", name, line, len(row), cells)
		}
		rows = append(rows, row)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return rows
}

// exceptions are the differences that are meant. What is left when a test ends is not true any more.
type exceptions map[string]bool

func readExceptions(t *testing.T, kind string) exceptions {
	t.Helper()
	e := exceptions{}
	for _, row := range published(t, "exceptions", 4) {
		if row[0] == kind {
			e[row[1]+"\t"+row[2]] = true
		}
	}
	return e
}

// differs reports a difference unless it is an exception.
func (e exceptions) differs(t *testing.T, name, what string) {
	t.Helper()
	key := name + "\t" + what
	if !e[key] {
		t.Errorf("%s: %s", name, what)
	}
	delete(e, key)
}

func (e exceptions) checkUsed(t *testing.T) {
	t.Helper()
	for key := range e {
		t.Errorf("not true any more, to be removed from exceptions.tsv and docs/compatibility.md: %s", key)
	}
}

func TestPublishedCommands(t *testing.T) {
	commands, except := published(t, "commands", 2), readExceptions(t, "command")
	if synonyms := countSynonyms(commands); len(commands) != 129 || synonyms != 26 {
		t.Errorf("%d commands with %d synonyms are listed", len(commands), synonyms)
	}
	r := operate.NewRegistry()
	for _, row := range commands {
		name := row[0]
		if name == "help" {
			continue // the program's own
		}
		o := r.Command(name)
		if o == nil {
			except.differs(t, name, "missing")
			continue
		}
		for synonym := range strings.SplitSeq(row[1], ",") {
			if synonym != "-" && r.Command(synonym) != o {
				t.Errorf("%s is no synonym of %s", synonym, name)
			}
		}
	}
	except.checkUsed(t)
}

func countSynonyms(commands [][]string) int {
	n := 0
	for _, row := range commands {
		if row[1] != "-" {
			n += len(strings.Split(row[1], ","))
		}
	}
	return n
}

var placeholder = regexp.MustCompile(`:[A-Za-z]+`)

// routeForm is a route without the names of its parameters.
func routeForm(route string) string { return placeholder.ReplaceAllString(route, ":") }

func TestPublishedRoutes(t *testing.T) {
	routes, except := published(t, "routes", 6), readExceptions(t, "route")
	synonyms := 0
	by := map[string]*operate.Operation{}
	for _, o := range operate.NewRegistry().Operations() {
		for _, route := range o.Routes {
			by[routeForm(route)] = o
		}
	}
	rights := map[operate.Rights]string{operate.Read: "read", operate.Write: "write"}
	places := map[operate.Place]string{operate.Leader: "leader", operate.Local: "local"}
	bodies := map[operate.Shape]string{operate.Envelope: "envelope", operate.Bare: "bare"}
	for _, row := range routes {
		path := row[0]
		o := by[routeForm(path)]
		if o == nil {
			except.differs(t, path, "missing")
			continue
		}
		if row[1] != "-" {
			synonyms++
			first, rest, _ := strings.Cut(path, "/")
			if by[routeForm(row[1]+"/"+rest)] != o {
				t.Errorf("%s is no synonym of %s in %s", row[1], first, path)
			}
		}
		for i, got := range []string{rights[o.Rights], places[o.Place], bodies[o.Shape]} {
			if want := row[2+i]; got != want {
				except.differs(t, path, got+" instead of "+want)
			}
		}
	}
	if len(routes) != 229 {
		t.Errorf("%d routes are listed", len(routes))
	}
	_ = synonyms
	except.checkUsed(t)
}
