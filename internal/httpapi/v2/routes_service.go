package v2

import (
	"encoding/json"
	"fmt"
	"net/http"

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

func (a *API) serviceRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/me", name: "getMe", topic: "service", summary: "Who asks, and what they may do", local: true, answer: Me{}, handle: a.me},
		{method: http.MethodPut, path: "/me/preferences", name: "putPreferences", topic: "service", summary: "Keep the caller's preferences for the page",
			doc:  "Any JSON object of at most 32 kB. They are those of the user name; where nobody is asked for one, everybody shares them.",
			body: map[string]any{}, answer: Outcome{}, handle: a.putPreferences},
		{method: http.MethodGet, path: "/operations", name: "listOperations", topic: "service", summary: "All operations, with arguments, level and right", local: true,
			answer: []OperationInfo{}, handle: a.operations},
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
