package operate_test

import (
	"regexp"
	"testing"

	"orchestrator/internal/operate"
	"orchestrator/internal/operate/published"
)

// exceptions are the differences that are meant. What is left when a test ends is not true any more.
type exceptions map[string]bool

func exceptionsOf(kind string) exceptions {
	e := exceptions{}
	for _, x := range published.Exceptions(kind) {
		e[x.Name+"\t"+x.Difference] = true
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
		t.Errorf("not true any more, to be removed from published/exceptions.tsv and docs/compatibility.md: %s", key)
	}
}

func TestPublishedCommands(t *testing.T) {
	except := exceptionsOf("command")
	r := operate.NewRegistry()
	for _, c := range published.Commands() {
		if c.Name == "help" {
			continue // the program's own
		}
		o := r.Command(c.Name)
		if o == nil {
			except.differs(t, c.Name, "missing")
			continue
		}
		for _, synonym := range c.Synonyms {
			if r.Command(synonym) != o {
				t.Errorf("%s is no synonym of %s", synonym, c.Name)
			}
		}
	}
	except.checkUsed(t)
}

var placeholder = regexp.MustCompile(`:[A-Za-z]+`)

// routeForm is a route without the names of its parameters.
func routeForm(route string) string { return placeholder.ReplaceAllString(route, ":") }

func TestPublishedRoutes(t *testing.T) {
	except := exceptionsOf("route")
	by := map[string]*operate.Operation{}
	for _, o := range operate.NewRegistry().Operations() {
		for _, route := range o.Routes {
			by[routeForm(route)] = o
		}
	}
	rights := map[operate.Rights]string{operate.Read: "read", operate.Write: "write"}
	places := map[operate.Place]string{operate.Leader: "leader", operate.Local: "local"}
	bodies := map[operate.Shape]string{operate.Envelope: "envelope", operate.Bare: "bare"}
	for _, r := range published.Routes() {
		o := by[routeForm(r.Path)]
		if o == nil {
			except.differs(t, r.Path, "missing")
			continue
		}
		if r.Synonym != "" && by[routeForm(r.SynonymPath())] != o {
			t.Errorf("%s is not the same as %s", r.SynonymPath(), r.Path)
		}
		for _, c := range [][2]string{{rights[o.Rights], r.Rights}, {places[o.Place], r.Place}, {bodies[o.Shape], r.Body}} {
			if c[0] != c[1] {
				except.differs(t, r.Path, c[0]+" instead of "+c[1])
			}
		}
	}
	except.checkUsed(t)
}
