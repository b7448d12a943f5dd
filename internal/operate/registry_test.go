package operate_test

import (
	"regexp"
	"strings"
	"testing"

	"orchestrator/internal/operate"
)

// TestRegistry holds what must be true of every operation.
func TestRegistry(t *testing.T) {
	names := map[string]string{}
	routes := map[string]string{}
	clients := map[string]string{}
	word := regexp.MustCompile(`^[a-z_][a-z0-9-]*$`)
	for _, o := range operate.NewRegistry().Operations() {
		t.Run(o.Name, func(t *testing.T) {
			for _, name := range append([]string{o.Name}, o.Synonyms...) {
				if other, taken := names[name]; taken {
					t.Errorf("the name %s is that of %s too", name, other)
				}
				names[name] = o.Name
				if !word.MatchString(name) {
					t.Errorf("the name %q is not well formed", name)
				}
			}
			checkTexts(t, o)
			for _, r := range o.Routes {
				checkRoute(t, o, r)
				form := regexp.MustCompile(`:[A-Za-z]+`).ReplaceAllString(r, ":")
				if other, taken := routes[form]; taken {
					t.Errorf("the route %s is that of %s too", r, other)
				}
				routes[form] = o.Name
			}
			checkClients(t, o, clients)
			if (o.Run == nil) != o.Serves {
				t.Error("it does nothing")
			}
			if (o.Faces == operate.OnlyCLI) != (len(o.Routes) == 0) {
				t.Errorf("faces %d with %d routes", o.Faces, len(o.Routes))
			}
		})
	}
}

func checkTexts(t *testing.T, o *operate.Operation) {
	t.Helper()
	if o.Section == "" || o.Summary == "" || strings.HasSuffix(o.Summary, ".") || strings.Contains(o.Summary, "\n") {
		t.Errorf("section %q, summary %q: one line without a full stop is wanted", o.Section, o.Summary)
	}
	if help := o.Help(); !strings.Contains(help, o.Summary) || o.HasCommand() && !strings.Contains(help, "orchestrator -c "+o.Name) {
		t.Errorf("help:\n%s", help)
	}
	if example := o.ExampleLine(); o.HasCommand() != strings.HasPrefix(example+" ", "orchestrator -c "+o.Name+" ") {
		t.Errorf("example %q", example)
	}
	seen := map[operate.Param]bool{}
	for _, a := range o.Args {
		if seen[a.Param] || a.Param.Meaning() == "" {
			t.Errorf("argument %q is there twice or has no meaning", a.Param)
		}
		seen[a.Param] = true
	}
}

// checkRoute wants known parameters that the operation takes, in a path without a slash at its ends.
func checkRoute(t *testing.T, o *operate.Operation, route string) {
	t.Helper()
	if route == "" || strings.HasPrefix(route, "/") || strings.HasSuffix(route, "/") {
		t.Errorf("route %q", route)
	}
	for segment := range strings.SplitSeq(route, "/") {
		name, is := strings.CutPrefix(segment, ":")
		if !is {
			continue
		}
		p, known := operate.PlaceholderOf(name)
		if !known || !o.Takes(p.Param) {
			t.Errorf("route %s: the operation does not take %s", route, name)
		}
	}
}

func checkClients(t *testing.T, o *operate.Operation, clients map[string]string) {
	t.Helper()
	for _, c := range o.Client {
		name := c.Name
		if name == "" {
			name = o.Name
		}
		if other, taken := clients[name]; taken {
			t.Errorf("the client's command %s is that of %s too", name, other)
		}
		clients[name] = o.Name
		path, query, _ := strings.Cut(c.Path, "?")
		found := false
		for _, r := range o.Routes {
			found = found || r == path
		}
		if !found {
			t.Errorf("the client's path %s is none of the routes", c.Path)
		}
		for q := range strings.SplitSeq(query, "&") {
			if q != "" && !strings.Contains(o.Help(), "?"+q+"=") {
				t.Errorf("the client's query %s is none of the operation", q)
			}
		}
		if (c.Print == operate.PrintField) != (c.Field != "") {
			t.Errorf("the client's command %s prints %d of field %q", name, c.Print, c.Field)
		}
	}
}

func TestCommandsByOldNames(t *testing.T) {
	r := operate.NewRegistry()
	for written, want := range map[string]string{
		"which-slaves": "which-replicas", "which-cluster-osc-slaves": "which-cluster-osc-replicas", "topology": "topology",
		"clusters-info": "clusters-alias", "relocate-slaves": "relocate-replicas", "enslave-siblings": "take-siblings",
		"enslave-master": "take-master", "get-candidate-slave": "get-candidate-replica", "move-slaves-gtid": "move-replicas-gtid",
		"move-up-slaves": "move-up-replicas", "repoint-slaves": "repoint-replicas", "regroup-slaves": "regroup-replicas",
		"regroup-slaves-gtid": "regroup-replicas-gtid", "relocate-below": "relocate",
		"match-slaves": "match-replicas", "match-up-slaves": "match-up-replicas", "regroup-slaves-pgtid": "regroup-replicas-pgtid",
	} {
		if o := r.Command(written); o == nil || o.Name != want {
			t.Errorf("%s: %v", written, o)
		}
	}
	for _, later := range []string{"multi-match-replicas", "match-below", "health", ""} {
		if o := r.Command(later); o != nil {
			t.Errorf("%s is a command: %s", later, o.Name)
		}
	}
}
