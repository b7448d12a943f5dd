package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// localWrites are the methods of Store that write only on the node they are called on, and why that is right. All
// others that write are commands of the log.
var localWrites = map[string]string{
	// What a node has seen itself.
	"SaveInstances":          "each node looks at the servers itself",
	"InsertUnseen":           "each node looks at the servers itself; Announce makes one known to all",
	"RecordAnalyses":         "each node analyses for itself",
	"RecordStaleCoordinates": "each node looks at the servers itself",
	"DeleteStaleCoordinates": "each node looks at the servers itself",
	"RecordCoordinates":      "a history of what the node saw",
	"ClearRelayHistory":      "a history of what the node saw",
	"SnapshotTopologies":     "a history of what the node saw",
	"RecordEquivalence":      "found by comparing logs, and found again by any node",
	"SetAliases":             "worked out by each node from what it sees",
	"SetDomain":              "worked out by each node from what it sees",
	"SaveResolvedNames":      "each node has a resolver of its own",
	"ResetResolvedNames":     "each node has a resolver of its own",
	"SaveHostIPs":            "each node has a resolver of its own",
	"SetTLSRequired":         "found by connecting, and found again by any node",
	"SubmitAgent":            "agents announce themselves to the node they are told of",
	"UpdateAgent":            "the node that talks to the agent",
	"BeginSeed":              "the node that talks to the agents",
	"EndSeed":                "the node that talks to the agents",
	"WriteSeedState":         "the node that talks to the agents",
	"SetSeedStateError":      "the node that talks to the agents",
	"FailStaleSeeds":         "the node that talks to the agents",

	// Who is there, and who leads on a shared backend: raft answers that itself.
	"ReportHealth": "says that this node is alive", "ExpireNodes": "a row of nodes that are gone",
	"SaveNodeReport": "what this node says of itself", "ForgetNodeReport": "what this node said of itself",
	"AttemptLease": "the lease of a shared backend", "GrabLease": "the lease of a shared backend",
	"Reelect": "the lease of a shared backend", "RenewLease": "the lease of a shared backend",
	"InheritLease": "the lease of a shared backend", "ReleaseLease": "the lease of a shared backend",

	// The log itself, and what is below it.
	"Apply":   "writes what was agreed on",
	"Restore": "writes what was agreed on",
	"Deploy":  "the schema of the node's own backend",

	// What has had its time goes on each node by itself; the age is in the configuration of all.
	"ForgetUnseen": "each node knows when it saw a server last",
	"Housekeep":    "each node removes old rows itself",

	// Done before there is a log: Genesis makes it what all nodes have.
	"Carry":        "import into a backend before the first start",
	"ImportTables": "import into a backend before the first start",
}

// mayTouchAgreed are those of localWrites that write to tables that only the log may write to, for the reason above.
var mayTouchAgreed = []string{"Apply", "Carry", "Deploy", "Housekeep", "ImportTables", "Restore"}

// mayTouchOthers are commands that also write where each node may have rows of its own.
var mayTouchOthers = map[string]string{
	"RenameCluster":     "aliases and domains follow, as each node would work them out",
	"SetAlias":          "all nodes learn at once what each would work out",
	"ForgetInstances":   "nodes stop looking at servers together",
	"ForgetCluster":     "nodes stop looking at servers together",
	"RegisterDetection": "managers that share a backend take turns there; entries of the log need not",
	"RegisterRecovery":  "managers that share a backend take turns there; entries of the log need not",
}

// TestEveryWriteIsADecisionOrLocal reads the source of this package: each exported method of Store that leads to a
// statement that writes either sends a command through the log, or is listed above with the reason why not. A new
// method that writes fails it until somebody has decided which.
func TestEveryWriteIsADecisionOrLocal(t *testing.T) {
	methods := parseMethods(t)
	commands := 0
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		m := methods[name]
		if !ast.IsExported(name) || !m.method {
			continue
		}
		reason, local := localWrites[name]
		touched := methods.tables(name)
		switch {
		case m.agrees && local:
			t.Errorf("%s is a command, and listed as local (%s)", name, reason)
		case m.agrees:
			commands++
			for _, table := range touched {
				if !slices.Contains(agreedTables, table) && mayTouchOthers[name] == "" {
					t.Errorf("%s is a command and writes to %s, which is not among the tables that the nodes agree on: a snapshot would not have it", name, table)
				}
			}
		case local && !methods.writes(name):
			t.Errorf("%s is listed as local, and writes nothing", name)
		case local && !slices.Contains(mayTouchAgreed, name):
			for _, table := range touched {
				if slices.Contains(agreedTables, table) {
					t.Errorf("%s is local and writes to %s, which only the log may write to", name, table)
				}
			}
		case !local && methods.writes(name):
			t.Errorf("%s writes to %v: make it a command (commands.go), or list it in localWrites with the reason why it stays on the node", name, touched)
		}
	}
	for name := range localWrites {
		if methods[name] == nil {
			t.Errorf("localWrites names %s, which is no method of Store", name)
		}
	}
	if commands < len(knownCommands)/2 {
		t.Errorf("only %d methods were recognised as commands of %d: the test does not see them", commands, len(knownCommands))
	}
}

// TestTheReaderOfTheSourceSeesWrites holds what the test above rests on.
func TestTheReaderOfTheSourceSeesWrites(t *testing.T) {
	methods := parseMethods(t)
	for name, want := range map[string]bool{
		"SetDomain": true, "ForgetUnseen": true, "BeginSeed": true, "SaveInstances": true, "Tags": false, "Journal": false, "LiveNodes": false,
	} {
		if got := methods.writes(name); got != want {
			t.Errorf("%s writes: %v", name, got)
		}
	}
	if !methods["PutTag"].agrees || methods["SetDomain"].agrees || methods["Replicated"].agrees {
		t.Error("commands are not told from others")
	}
	if got := methods.tables("ForgetUnseen"); !slices.Contains(got, "database_instance") {
		t.Errorf("tables of ForgetUnseen: %v", got)
	}
}

// sourceMethod is what the text of a method or function says.
type sourceMethod struct {
	method bool     // of Store
	agrees bool     // it hands a command to the log
	calls  []string // names of what it calls
	texts  []string // its string literals
}

type sourceMethods map[string]*sourceMethod

// primitives are what every statement that writes goes through.
var primitives = []string{"exec", "execOn", "insertID", "ExecContext", "tx"}

// parseMethods returns the methods of Store and the functions of the package, by name.
func parseMethods(t *testing.T) sourceMethods {
	t.Helper()
	all := sourceMethods{}
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil || f.Recv != nil && receiver(f) != "Store" && receiver(f) != "Limits" {
				continue
			}
			all[f.Name.Name] = readMethod(f)
		}
	}
	return all
}

func receiver(f *ast.FuncDecl) string {
	of := f.Recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	name, _ := of.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}

func readMethod(f *ast.FuncDecl) *sourceMethod {
	m := &sourceMethod{method: f.Recv != nil && receiver(f) == "Store"}
	ast.Inspect(f.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			fun := n.Fun
			if generic, ok := fun.(*ast.IndexExpr); ok {
				fun = generic.X
			}
			switch fun := fun.(type) {
			case *ast.Ident:
				m.calls = append(m.calls, fun.Name)
			case *ast.SelectorExpr:
				m.calls = append(m.calls, fun.Sel.Name)
			}
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				m.texts = append(m.texts, n.Value)
			}
		}
		return true
	})
	for _, call := range []string{"agree", "decide", "agreeIfAny"} {
		m.agrees = m.agrees || slices.Contains(m.calls, call)
	}
	return m
}

// reach visits a method and what it calls, directly or not. What is a command, or local, answers for itself.
func (all sourceMethods) reach(name string, visit func(*sourceMethod)) {
	seen := map[string]bool{}
	var walk func(string)
	walk = func(n string) {
		m := all[n]
		_, local := localWrites[n]
		if m == nil || seen[n] || slices.Contains(primitives, n) || n != name && (m.agrees || local && ast.IsExported(n)) {
			return
		}
		seen[n] = true
		visit(m)
		for _, c := range m.calls {
			walk(c)
		}
	}
	walk(name)
}

func (all sourceMethods) writes(name string) (found bool) {
	all.reach(name, func(m *sourceMethod) {
		for _, p := range primitives {
			found = found || slices.Contains(m.calls, p)
		}
	})
	return found
}

// named finds tables: the whole of a literal, or what follows the words of a statement. Columns may bear their names.
var named = regexp.MustCompile("^[\"`]([a-z_]+)[\"`]$|(?:INTO|UPDATE|FROM|JOIN) ([a-z_]+)")

// tables returns the tables that the statements of a method that writes name.
func (all sourceMethods) tables(name string) []string {
	described, found := schemaByName(), map[string]bool{}
	all.reach(name, func(m *sourceMethod) {
		writes := false
		for _, p := range primitives {
			writes = writes || slices.Contains(m.calls, p)
		}
		for _, text := range m.texts {
			for _, match := range named.FindAllStringSubmatch(text, -1) {
				table := match[1] + match[2]
				if _, ok := described[table]; ok && writes {
					found[table] = true
				}
			}
		}
	})
	return slices.Sorted(maps.Keys(found))
}
