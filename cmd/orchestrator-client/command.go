package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// command is one command of the client.
type command struct {
	name, summary string
	run           func(context.Context, *caller) error
	needs         []operate.Param    // options that it cannot do without
	of            *operate.Operation // nil for what is about the client itself
	path          string             // below /api/, "" for what calls several
}

type commandTable []command

// caller is a command's view of the client.
type caller struct {
	api     *api
	options options
	out     io.Writer
	stderr  io.Writer
}

// commands are those of the registry and the few that are about the client itself.
func commands(r *operate.Registry) commandTable {
	table := commandTable{
		{name: "help", summary: "Show this help"},
		{name: "which-api", summary: "Show the address of the API that commands are sent to", run: whichAPI},
		{name: "api", summary: "Get a path below /api/, given with -P, and print the JSON", run: rawCall, needs: []operate.Param{paramPath}},
	}
	table = append(table, raftCommands()...)
	for _, o := range r.Operations() {
		for _, c := range o.Client {
			name := cmp.Or(c.Name, o.Name)
			summary := o.Summary
			if s := summaries()[name]; s != "" {
				summary = s
			}
			table = append(table, command{name: name, summary: summary, run: operation(name, o, c), needs: c.Needs, of: o, path: c.Path})
		}
	}
	return table
}

// summaries are those of commands that share a route with another one.
func summaries() map[string]string {
	return map[string]string{
		"dominant-dc":                        "Show the data center with the most primaries",
		"which-master":                       "Show the source that an instance replicates from",
		"which-gtid-errant":                  "Show the errant transactions of an instance, as they were last seen",
		"which-broken-replicas":              "List the direct replicas of an instance that stopped with an error",
		"which-cluster":                      "Show the name of the cluster that an instance belongs to",
		"which-cluster-alias":                "Show the alias of the cluster that an instance belongs to",
		"which-cluster-osc-running-replicas": "List those of which-cluster-osc-replicas that replicate",
		"is-replicating":                     "Show the instance if both its replication threads run",
		"is-replication-stopped":             "Show the instance if both its replication threads are stopped",
		"downtimed":                          "List the downtimed instances, of a cluster or of all",
	}
}

func (t commandTable) find(name string) (command, error) {
	for _, c := range t {
		if c.name == name {
			return c, nil
		}
	}
	names := make([]string, len(t))
	for i, c := range t {
		names[i] = c.name
	}
	if near := operate.Closest(name, names); near != "" {
		return command{}, fmt.Errorf("unsupported command: %s; did you mean %s? -c help lists the commands", name, near)
	}
	return command{}, fmt.Errorf("unsupported command: %s; -c help lists the commands", name)
}

func whichAPI(ctx context.Context, c *caller) error {
	base, err := c.api.base(ctx)
	if err != nil {
		return err
	}
	return c.answer(base)
}

func rawCall(ctx context.Context, c *caller) error {
	if c.options.path == "" {
		return errors.New("path must be provided")
	}
	body, err := c.api.call(ctx, strings.TrimPrefix(c.options.path, "/"))
	if err != nil {
		return err
	}
	if e := errorOf(body); e != nil {
		return &answerError{details: string(body)}
	}
	return c.print(string(body))
}

// answer prints a text, as JSON where that is wanted.
func (c *caller) answer(text string) error {
	if !c.options.json {
		return c.print(text)
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return fmt.Errorf("write the result as JSON: %w", err)
	}
	return c.print(string(quoted))
}

func (c *caller) print(lines ...string) error {
	for _, l := range lines {
		if _, err := fmt.Fprintln(c.out, l); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
	}
	return nil
}

// envelope is the body around most answers.
type envelope struct {
	Code    string
	Message string
	Details json.RawMessage
}

// enveloped returns the envelope of a body, nil when the body is the value itself.
func enveloped(body json.RawMessage) *envelope {
	var e envelope
	if len(body) == 0 || body[0] != '{' || json.Unmarshal(body, &e) != nil || e.Code == "" {
		return nil
	}
	return &e
}

// errorOf returns the error that a body tells of, or nil.
func errorOf(body json.RawMessage) *answerError {
	e := enveloped(body)
	if e == nil || e.Code != "ERROR" {
		return nil
	}
	answered := &answerError{message: e.Message}
	if string(e.Details) != "null" {
		answered.details = string(e.Details)
	}
	return answered
}

// operation makes a command of the client form of an operation.
func operation(name string, o *operate.Operation, form operate.Client) func(context.Context, *caller) error {
	return func(ctx context.Context, c *caller) error {
		if name == "explain" && c.options.alias == "" && c.options.instance != "" {
			form.Path = "explain/:host/:port?failure" // the server itself is meant, and not its cluster
		}
		path, err := c.options.pathOf(form)
		if err != nil {
			return err
		}
		end := c.follow(ctx, o)
		body, err := c.value(ctx, path)
		end()
		if err != nil {
			return err
		}
		if c.options.json {
			return c.print(string(body))
		}
		lines, err := linesOf(name, form, body)
		if err != nil {
			return fmt.Errorf("%s: the answer has an unexpected form: %w", name, err)
		}
		return c.print(lines...)
	}
}

// value calls a path and returns the value that it answers with, out of its envelope.
func (c *caller) value(ctx context.Context, path string) (json.RawMessage, error) {
	body, err := c.api.call(ctx, path)
	if err != nil {
		return nil, err
	}
	if e := errorOf(body); e != nil {
		return nil, e
	}
	if e := enveloped(body); e != nil {
		return e.Details, nil
	}
	return body, nil
}

// text is what an option gives for a parameter.
func (o *options) text(p operate.Param) string {
	switch p {
	case operate.ParamInstance, operate.ParamSearch:
		return o.instance
	case operate.ParamDestination:
		return o.destination
	case operate.ParamCluster:
		return cmp.Or(o.alias, o.instance)
	case operate.ParamOwner:
		return o.owner
	case operate.ParamReason:
		return o.reason
	case operate.ParamDuration:
		return o.duration
	case operate.ParamRule:
		return o.rule
	case operate.ParamTag:
		return o.tag
	case operate.ParamInstances:
		return o.instance
	case operate.ParamPool:
		return o.pool
	case operate.ParamHostname:
		return o.hostname
	case operate.ParamFailure:
		return o.failure
	case operate.ParamLogFile:
		return o.binlog
	case operate.ParamDataCenter:
		return o.dataCenter
	case operate.ParamSeconds:
		return o.seconds
	case operate.ParamStatement:
		return o.query
	case operate.ParamChannel:
		return o.channel
	case operate.ParamPattern:
		return o.pattern
	case operate.ParamDryRun:
		if o.dryRun {
			return "true"
		}
	}
	return ""
}

// pathOf fills in the path of a command. Parameters that are not given and not needed are left out.
func (o *options) pathOf(form operate.Client) (string, error) {
	for _, p := range form.Needs {
		if o.text(p) == "" {
			name := string(p)
			if p == operate.ParamCluster {
				name = "alias or instance"
			}
			return "", fmt.Errorf("%s must be provided", name)
		}
	}
	path, queryNames, _ := strings.Cut(form.Path, "?")
	if o.pattern != "" && !slices.Contains(strings.Split(queryNames, "&"), operate.ParamPattern.Query()) {
		return "", errors.New("pattern: this command is not about a choice of replicas")
	}
	query := url.Values{}
	var segments []string
	for segment := range strings.SplitSeq(path, "/") {
		name, is := strings.CutPrefix(segment, ":")
		p, _ := operate.PlaceholderOf(name)
		switch {
		case !is:
			segments = append(segments, segment)
		case p.Port || o.text(p.Param) == "":
		default:
			texts, err := o.segmentsOf(p.Param, query)
			if err != nil {
				return "", err
			}
			segments = append(segments, texts...)
		}
	}
	for name := range strings.SplitSeq(queryNames, "&") {
		if text := o.queryText(name); name != "" && text != "" {
			query.Set(name, text)
		}
	}
	path = strings.Join(segments, "/")
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path, nil
}

func (o *options) queryText(name string) string {
	for _, p := range []operate.Param{operate.ParamTag, operate.ParamReason, operate.ParamSearch, operate.ParamDryRun, operate.ParamFailure, operate.ParamInstances, operate.ParamStatement, operate.ParamDataCenter, operate.ParamChannel, operate.ParamPattern} {
		if p.Query() == name {
			return o.text(p)
		}
	}
	return ""
}

// segmentsOf is a parameter in a path: host and port of an instance, otherwise the text. A slash cannot stand in a
// segment, so such a text goes into the query too, from where our server takes it whole.
func (o *options) segmentsOf(p operate.Param, query url.Values) ([]string, error) {
	text := strings.TrimSpace(o.text(p))
	if p == operate.ParamInstance || p == operate.ParamDestination {
		k, err := topology.ParseKey(text, o.defaultPort)
		if err != nil {
			return nil, err
		}
		return []string{url.PathEscape(k.Hostname), strconv.Itoa(k.Port)}, nil
	}
	if strings.Contains(text, "/") && p.Query() != "" {
		query.Set(p.Query(), text)
		text = strings.ReplaceAll(text, "/", " ")
	}
	return []string{url.PathEscape(text)}, nil
}
