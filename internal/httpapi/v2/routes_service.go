package v2

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
)

// Me is who asks, and what they may do.
type Me struct {
	Name        string          `json:"name" doc:"empty when nobody was asked"`
	Method      string          `json:"method" doc:"how the name was proved"`
	Role        string          `json:"role" enum:"viewer,operator,admin"`
	MayOperate  bool            `json:"may_operate" doc:"may change servers"`
	MayAdmin    bool            `json:"may_admin" doc:"may change the service"`
	Why         string          `json:"why,omitempty" doc:"why changes are not allowed"`
	Node        string          `json:"node"`
	NodeRole    string          `json:"node_role" enum:"leader,follower"`
	Version     string          `json:"version"`
	Message     string          `json:"message,omitempty" doc:"WebMessage: plain text for every page"`
	Strip       string          `json:"strip,omitempty" doc:"RemoveTextFromHostnameDisplay: to be left out of host names"`
	Prefix      string          `json:"prefix" doc:"URLPrefix"`
	Warnings    []string        `json:"warnings" doc:"what the administrator should know of this installation"`
	Preferences json.RawMessage `json:"preferences" doc:"as they were put last; an empty object at first"`
}

// OperationInfo is an operation of the registry.
type OperationInfo struct {
	Name      string         `json:"name"`
	Section   string         `json:"section"`
	Sentence  string         `json:"sentence"`
	Details   string         `json:"details,omitempty"`
	Example   string         `json:"example,omitempty"`
	Arguments []ArgumentInfo `json:"arguments"`
	Changes   bool           `json:"changes" doc:"it changes something; then it can be asked for as a plan, unless plan is false"`
	Plan      bool           `json:"plan"`
	Steps     bool           `json:"steps" doc:"its plan has steps on servers"`
	Level     int            `json:"level"`
	Role      string         `json:"role" enum:"viewer,operator,admin"`
	Allowed   bool           `json:"allowed" doc:"the caller has that role"`
	OnServer  bool           `json:"on_server" doc:"it takes a server"`
	OnCluster bool           `json:"on_cluster" doc:"it takes a cluster"`
	Command   string         `json:"command,omitempty" doc:"its form on the command line"`
}

// ArgumentInfo is an argument of an operation.
type ArgumentInfo struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
	Meaning  string `json:"meaning"`
}

// Nodes are the managers.
type Nodes struct {
	Healthy    bool   `json:"healthy"`
	Error      string `json:"error,omitempty"`
	Self       string `json:"self"`
	Leader     string `json:"leader" doc:"host name; empty when it is not known"`
	LeaderURI  string `json:"leader_uri,omitempty"`
	Replicated bool   `json:"replicated" doc:"the nodes agree by consensus"`
	Sentence   string `json:"sentence"`
	Nodes      []Node `json:"nodes"`
}

// Node is a manager.
type Node struct {
	Hostname  string     `json:"hostname"`
	Version   string     `json:"version"`
	Leader    bool       `json:"leader"`
	Self      bool       `json:"self"`
	FirstSeen *time.Time `json:"first_seen"`
	LastSeen  *time.Time `json:"last_seen"`
	Backend   string     `json:"backend"`
}

// ConfigView is the configuration in force.
type ConfigView struct {
	Files []string     `json:"files"`
	Keys  []ConfigItem `json:"keys"`
}

// ConfigItem is a key of the configuration.
type ConfigItem struct {
	Name    string          `json:"name"`
	Section string          `json:"section"`
	Value   json.RawMessage `json:"value" doc:"secrets are masked"`
	Default json.RawMessage `json:"default"`
	Given   bool            `json:"given" doc:"a file gives it"`
	Secret  bool            `json:"secret"`
	Reload  string          `json:"reload" doc:"when a changed value counts: yes (at once), partly, restart"`
	Meaning string          `json:"meaning"`
}

// ConfigCheck is what the configuration will and will not do.
type ConfigCheck struct {
	Warnings   int         `json:"warnings"`
	Statements []Statement `json:"statements"`
}

// Statement is one sentence about the configuration.
type Statement struct {
	Group    string   `json:"group"`
	Severity string   `json:"severity" enum:"ok,note,warning"`
	Text     string   `json:"text"`
	Keys     []string `json:"keys"`
	Example  string   `json:"example,omitempty" doc:"a line that would change it"`
}

// ReloadRequest asks to read the configuration again.
type ReloadRequest struct {
	File string `json:"file,omitempty" doc:"a further file to read"`
}

func (a *API) serviceRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/me", name: "getMe", topic: "service", summary: "Who asks, and what they may do", local: true, answer: Me{}, handle: a.me},
		{method: http.MethodPut, path: "/me/preferences", name: "putPreferences", topic: "service", summary: "Keep the caller's preferences for the page",
			doc:  "Any JSON object of at most 32 kB. They are those of the user name; where nobody is asked for one, everybody shares them.",
			body: map[string]any{}, answer: Outcome{}, handle: a.putPreferences},
		{method: http.MethodGet, path: "/operations", name: "listOperations", topic: "service", summary: "All operations, with arguments, level and right", local: true,
			answer: []OperationInfo{}, handle: a.operations},
		{method: http.MethodGet, path: "/nodes", name: "getNodes", topic: "service", summary: "The managers, and who leads", local: true, answer: Nodes{}, handle: a.nodes},
		{method: http.MethodPost, path: "/nodes/reelect", name: "reelect", topic: "service", summary: "End the term of the node that leads", needs: operate.Admin,
			answer: Outcome{}, handle: runs("reelect", path(func(*request) map[operate.Param]string { return nil }))},
		{method: http.MethodGet, path: "/config", name: "getConfig", topic: "service", summary: "The configuration in force, secrets masked", local: true,
			answer: ConfigView{}, handle: a.config},
		{method: http.MethodGet, path: "/config/check", name: "checkConfig", topic: "service", summary: "What the configuration will and will not do", local: true,
			answer: ConfigCheck{}, handle: a.checkConfig},
		{method: http.MethodPost, path: "/config/reload", name: "reloadConfig", topic: "service", summary: "Read the configuration again", local: true, needs: operate.Admin,
			body: ReloadRequest{}, answer: Outcome{}, handle: runs("reload-configuration", body(func(_ *request, b ReloadRequest) map[operate.Param]string {
				return map[operate.Param]string{operate.ParamConfigFile: b.File}
			}))},
	}
}

func (a *API) me(q *request) (any, error) {
	c := a.Engine.Config()
	m := Me{
		Name: q.caller.Name, Method: q.caller.Method, Role: q.caller.role(), MayOperate: q.caller.Role.May(operate.Operator), MayAdmin: q.caller.Role.May(operate.Admin),
		Node: a.Engine.Node.Hostname, NodeRole: a.roleOfNode(), Version: a.Engine.Node.Version, Message: c.WebMessage, Strip: c.RemoveTextFromHostnameDisplay,
		Prefix: c.URLPrefix, Warnings: []string{}, Preferences: json.RawMessage("{}"),
	}
	switch {
	case m.MayOperate:
	case c.ReadOnly:
		m.Why = "ReadOnly is set: the service takes no changes"
	default:
		m.Why = "the role " + m.Role + " may only look"
	}
	if warning := c.OpenWithoutAuthentication(); warning != "" {
		m.Warnings = append(m.Warnings, warning)
	}
	if a.Engine.Attributes == nil {
		return m, nil
	}
	text, ok, err := a.Engine.Attributes.Attribute(q.Context(), preferencesOf(q.caller))
	switch {
	case err != nil:
		a.Logger.WarnContext(q.Context(), "the preferences of a user cannot be read", "user", q.caller.Name, "error", err)
	case ok && json.Valid([]byte(text)):
		m.Preferences = json.RawMessage(text)
	}
	return m, nil
}

// preferencesOf is under which name the preferences of a caller are kept.
func preferencesOf(c Caller) string { return "web-preferences/" + c.Name }

// preferencesAtMost bounds what is kept for a user, in bytes.
const preferencesAtMost = 32 << 10

func (a *API) putPreferences(q *request) (any, error) {
	if a.Engine.Attributes == nil {
		return nil, notAvailable.say("preferences are not kept in this process")
	}
	var p map[string]json.RawMessage
	if err := q.decode(&p); err != nil {
		return nil, err
	}
	if p == nil {
		p = map[string]json.RawMessage{}
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, badRequest.say("%v", err)
	}
	if len(text) > preferencesAtMost {
		return nil, tooLarge.say("preferences may have %d bytes, and these have %d", preferencesAtMost, len(text))
	}
	if err := a.Engine.Attributes.PutAttribute(q.Context(), preferencesOf(q.caller), string(text)); err != nil {
		return nil, fmt.Errorf("keep the preferences: %w", err)
	}
	return Outcome{Operation: "preferences", Message: "kept"}, nil
}

func (a *API) operations(q *request) (any, error) {
	list := []OperationInfo{}
	for _, o := range a.Registry.Operations() {
		if o.Faces == operate.OnlyCLI {
			continue
		}
		info := OperationInfo{
			Name: o.Name, Section: o.Section, Sentence: o.Summary, Details: o.Details, Example: o.Example, Arguments: []ArgumentInfo{},
			Changes: o.Rights == operate.Write, Plan: planable(o), Steps: o.Takes(operate.ParamDryRun), Level: int(o.Level()), Role: string(o.Needs()),
			Allowed: q.caller.Role.May(o.Needs()), OnServer: o.Takes(operate.ParamInstance), OnCluster: o.Takes(operate.ParamCluster) || o.Takes(operate.ParamClusterName),
		}
		if o.HasCommand() {
			info.Command = "orchestrator -c " + o.Usage()
		}
		for _, arg := range o.Args {
			if arg.Param != operate.ParamDryRun {
				info.Arguments = append(info.Arguments, ArgumentInfo{argument(arg.Param), arg.Required, arg.Param.Meaning()})
			}
		}
		list = append(list, info)
	}
	return list, nil
}

func (a *API) nodes(q *request) (any, error) {
	if a.Engine.Health == nil {
		return nil, notAvailable.say("the nodes are not known in this process")
	}
	h := a.Engine.Health.Health(q.Context())
	n := Nodes{Healthy: h.Err == nil, Self: h.Hostname, Leader: h.Active.Hostname, Nodes: []Node{}}
	if l := a.Engine.Leadership; l != nil {
		n.LeaderURI, n.Replicated = l.LeaderURI(), l.Replicated()
	}
	if h.Err != nil {
		n.Error = h.Err.Error()
	}
	for _, x := range h.Available {
		n.Nodes = append(n.Nodes, Node{
			Hostname: x.Hostname, Version: x.Version, Leader: x.Token == h.Active.Token && x.Hostname == h.Active.Hostname, Self: x.Token == h.Token,
			FirstSeen: when(x.FirstSeen), LastSeen: when(x.LastSeen), Backend: x.Backend,
		})
	}
	switch {
	case h.Err != nil:
		n.Sentence = "This node is not healthy: " + n.Error
	case n.Leader == "":
		n.Sentence = "Nobody leads at this moment: nothing would be failed over."
	case len(n.Nodes) <= 1:
		n.Sentence = "One manager. If it stops, nobody fails over."
	default:
		n.Sentence = fmt.Sprintf("%d managers are here, and %s leads.", len(n.Nodes), n.Leader)
	}
	return n, nil
}

func (a *API) config(*request) (any, error) {
	c := a.Engine.Config()
	text, err := c.Dump() // which masks secrets
	if err != nil {
		return nil, err
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	v := ConfigView{Files: append([]string{}, c.Files()...), Keys: []ConfigItem{}}
	for _, k := range config.Keys() {
		def := json.RawMessage(`""`)
		if !k.Secret {
			if def, err = json.Marshal(k.Default); err != nil {
				return nil, fmt.Errorf("write the default of %s: %w", k.Name, err)
			}
		}
		v.Keys = append(v.Keys, ConfigItem{
			Name: k.Name, Section: k.Section, Value: values[k.Name], Default: def, Given: c.Given(k.Name), Secret: k.Secret, Reload: k.Reload.String(), Meaning: k.Meaning,
		})
	}
	return v, nil
}

func (a *API) checkConfig(*request) (any, error) {
	var warnings []config.Warning
	if a.Warnings != nil {
		warnings = a.Warnings()
	}
	out := ConfigCheck{Statements: []Statement{}}
	for _, s := range config.Check(a.Engine.Config(), warnings) {
		if s.Severity == config.Concern {
			out.Warnings++
		}
		out.Statements = append(out.Statements, Statement{string(s.Group), string(s.Severity), s.Text, append([]string{}, s.Keys...), s.Example})
	}
	return out, nil
}
