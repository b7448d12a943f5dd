package v2

import (
	"net/url"
	"strings"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// opposites are the operations on a server that take each other back.
var opposites = map[string]string{
	"begin-downtime": "end-downtime", "begin-maintenance": "end-maintenance",
	"stop-replica": "start-replica", "stop-replica-nice": "start-replica", "start-replica": "stop-replica",
	"set-read-only": "set-writeable", "set-writeable": "set-read-only",
	"enable-gtid": "disable-gtid", "disable-gtid": "enable-gtid",
	"detach-replica-master-host": "reattach-replica-master-host", "reattach-replica-master-host": "detach-replica-master-host",
	"enable-semi-sync-master": "disable-semi-sync-master", "disable-semi-sync-master": "enable-semi-sync-master",
	"enable-semi-sync-replica": "disable-semi-sync-replica", "disable-semi-sync-replica": "enable-semi-sync-replica",
	"tag": "untag",
}

// undoOf is the operation that takes a plan back, by how the fleet is before it; nil where one operation cannot.
func undoOf(p *planned, t *topology.Topology, i *topology.Instance) *Undo {
	name := p.operation.Name
	instance := p.values[operate.ParamInstance]
	if i != nil {
		instance = i.Key.String()
	}
	undo := func(text, operation string, arguments map[string]string) *Undo {
		return &Undo{Text: text, Operation: operation, Arguments: arguments}
	}
	if way := p.foretold.Back; way != nil {
		arguments := map[string]string{}
		for param, value := range way.Values {
			arguments[argument(param)] = value
		}
		return undo(way.Text, way.Operation, arguments)
	}
	switch name {
	case "disable-global-recoveries", "enable-global-recoveries":
		other := "enable-global-recoveries"
		if name == other {
			other = "disable-global-recoveries"
		}
		return undo(other, other, map[string]string{})
	case "relocate", "move-up", "move-below", "repoint", "move-gtid":
		if i == nil || t.Source(i) == nil {
			return nil
		}
		source := t.Source(i).Key.String()
		return undo(instance+" goes back below "+source, "relocate", map[string]string{"instance": instance, "destination": source})
	case "graceful-master-takeover-auto", "cascade-master-takeover-auto":
		if p.inner.Failed.IsZero() || p.inner.Successor.IsZero() {
			return nil
		}
		old := p.inner.Failed.String()
		return undo(old+" takes over again", name, map[string]string{"instance": p.inner.Successor.String(), "destination": old})
	case "take-master":
		if i == nil || t.Source(i) == nil {
			return nil
		}
		source := t.Source(i).Key.String()
		return undo(source+" takes its place back", "take-master", map[string]string{"instance": source})
	case "set-cluster-alias":
		return nil
	}
	other := opposites[name]
	if other == "" || instance == "" {
		return nil
	}
	arguments := map[string]string{"instance": instance}
	if tag, _, _ := strings.Cut(p.values[operate.ParamTag], "="); tag != "" {
		arguments["tag"] = tag
	}
	return undo(other+" "+instance, other, arguments)
}

// commandLine is the same from the command line; "" where the operation has no command.
func commandLine(p *planned) string {
	o := p.operation
	if !o.HasCommand() {
		return ""
	}
	words := []string{"orchestrator", "-c", o.Name}
	for _, arg := range o.Args {
		if value, flag := p.values[arg.Param], arg.Param.Flag(); value != "" && flag != "" {
			words = append(words, "-"+flag, quoted(value))
		}
	}
	return strings.Join(words, " ")
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.:/=,@%+", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// oldRoute is the same by the old API, by the first route whose path can be filled; "" where there is none.
func oldRoute(p *planned) string {
	for _, route := range p.operation.Routes {
		if path, ok := filled(p, route); ok {
			return "GET /api/" + path
		}
	}
	return ""
}

func filled(p *planned, route string) (string, bool) {
	segments := strings.Split(route, "/")
	inPath := operate.PathParams(route)
	for n, s := range segments {
		name, is := strings.CutPrefix(s, ":")
		if !is {
			continue
		}
		at, known := operate.PlaceholderOf(name)
		value := p.values[at.Param]
		if !known || value == "" || at.Value {
			return "", false
		}
		if k, err := topology.ParseKey(value, 3306); err == nil && (at.Param == operate.ParamInstance || at.Param == operate.ParamDestination) {
			value = k.Hostname
			if at.Port {
				value = itoa(k.Port)
			}
		}
		segments[n] = url.PathEscape(value)
	}
	path := strings.Join(segments, "/")
	mark := "?"
	for _, arg := range p.operation.Args {
		value := p.values[arg.Param]
		if value == "" || inPath[arg.Param] {
			continue
		}
		if arg.Param.Query() == "" {
			return "", false
		}
		path += mark + arg.Param.Query() + "=" + url.QueryEscape(value)
		mark = "&"
	}
	return path, true
}

// publishPlan tells who listens that a plan has changed; s is the step that did, if one did.
func (a *API) publishPlan(p *planned, s *Step) {
	a.plans.mu.Lock()
	shown := p.shown
	a.plans.mu.Unlock()
	a.hub.plan(&shown, s)
}
