package operate

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// Input is what a person wrote, as text, and on whose behalf.
type Input struct {
	Values map[Param]string
	// User is who calls, "" when unknown.
	User string
	// Here is the server on the host where the command runs; it stands in for an instance that was not given. Zero
	// in the service.
	Here topology.Key
	// Lenient makes a reading command that cannot find its cluster go on without one, after a warning, as the
	// command line always did.
	Lenient bool
}

// Args are the arguments of an operation, understood. What was not given is zero.
type Args struct {
	Instance    topology.Key
	Destination topology.Key
	Cluster     string // the name of the cluster
	Owner       string
	Duration    time.Duration
	Pattern     *regexp.Regexp // nil: everything
	Page        int
	Number      int64 // of ParamID or ParamSeconds
	Topology    *topology.Topology

	input Input
}

// Text is what was written for a parameter, without blanks around it.
func (a *Args) Text(p Param) string { return strings.TrimSpace(a.input.Values[p]) }

// Given says whether the parameter was given at all.
func (a *Args) Given(p Param) bool { return a.Text(p) != "" }

// Flag says whether a switch was given as true.
func (a *Args) Flag(p Param) bool {
	on, err := strconv.ParseBool(a.Text(p))
	return err == nil && on
}

// Call understands the input and runs the operation.
func (o *Operation) Call(ctx context.Context, e *Engine, in Input) (Result, error) {
	if o.Rights == Write && e.NoOperation {
		return Result{}, fmt.Errorf("%s: %w", o.Name, ErrNoOperation)
	}
	if o.Serves {
		return Result{}, unavailable("the service itself")
	}
	a, err := o.understand(ctx, e, in)
	if err != nil {
		return Result{}, err
	}
	result, err := o.Run(ctx, e, a)
	return result, withRule(err)
}

// withRule ends the text of a refusal with the name of its rule, by which the reference has it (docs/topology-operations.md).
// What several servers were refused has lines of its own, and stays as it is.
func withRule(err error) error {
	var r *topology.Refusal
	if !errors.As(err, &r) || r.Rule == "" || strings.Contains(err.Error(), "\n") {
		return err
	}
	return fmt.Errorf("%w [%s]", err, r.Rule)
}

func (o *Operation) understand(ctx context.Context, e *Engine, in Input) (Args, error) {
	a := Args{input: in}
	if e.Picture != nil && !o.NoFleet {
		t, err := e.Picture.Topology(ctx)
		if err != nil {
			return a, fmt.Errorf("read the topology: %w", err)
		}
		a.Topology = t
	}
	for _, arg := range o.Args {
		if err := o.understandOne(ctx, e, &a, arg); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (o *Operation) understandOne(ctx context.Context, e *Engine, a *Args, arg Arg) error {
	var err error
	text := a.Text(arg.Param)
	switch arg.Param {
	case ParamInstance:
		a.Instance, err = e.instance(ctx, a, arg)
	case ParamDestination:
		a.Destination, err = e.otherInstance(ctx, a, arg)
	case ParamCluster:
		a.Cluster, err = o.cluster(ctx, e, a, arg)
	case ParamClusterName:
		a.Cluster = clusterNamed(a.Topology, text)
	case ParamClusterAlias:
		if text != "" && !arg.Verbatim {
			a.Cluster, err = clusterWithAlias(a.Topology, text)
		}
	case ParamOwner:
		a.Owner = firstOf(text, a.input.User, e.Node.Hostname)
	case ParamDuration:
		a.Duration, err = optional(text, ParseDuration)
	case ParamPattern:
		a.Pattern, err = optional(text, compilePattern)
	case ParamPage:
		a.Page = pageNumber(text)
	case ParamID, ParamSeconds:
		a.Number, err = optional(text, func(text string) (int64, error) { return wholeNumber(arg.Param, text) })
	}
	if err != nil {
		return err
	}
	switch arg.Param {
	case ParamInstance, ParamCluster, ParamOwner:
		return nil // these have defaults
	}
	return missing(arg, text)
}

// optional parses a text unless there is none.
func optional[T any](text string, parse func(string) (T, error)) (T, error) {
	if text == "" {
		var none T
		return none, nil
	}
	return parse(text)
}

func missing(arg Arg, text string) error {
	if arg.Required && text == "" {
		return fmt.Errorf("%s must be provided", arg.Param)
	}
	return nil
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func compilePattern(text string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", text, err)
	}
	return re, nil
}

// pageNumber reads the number of a page; what is none means the first page.
func pageNumber(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func wholeNumber(p Param, text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s %q: a whole number is required", p, text)
	}
	return n, nil
}

// ParseDuration reads a number with one of the units s, m, h, d, w.
func ParseDuration(text string) (time.Duration, error) {
	text = strings.TrimSpace(text)
	units := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour}
	if text != "" {
		unit, known := units[text[len(text)-1]]
		n, err := strconv.ParseUint(text[:len(text)-1], 10, 32)
		if known && err == nil && n <= uint64(maxDuration/unit) {
			return time.Duration(n) * unit, nil
		}
	}
	return 0, fmt.Errorf("duration %q: the form is a number and one of s, m, h, d, w, as in 10m", text)
}

const maxDuration = time.Duration(1<<63 - 1)

// instance finds the server that the person meant.
func (e *Engine) instance(ctx context.Context, a *Args, arg Arg) (topology.Key, error) {
	text := a.Text(ParamInstance)
	if text == "" {
		if arg.Verbatim || !arg.Required {
			return topology.Key{}, missing(arg, text)
		}
		if a.input.Here.IsZero() {
			return topology.Key{}, fmt.Errorf("%s must be provided", arg.Param)
		}
		return e.known(ctx, a.Topology, a.input.Here), nil
	}
	key, err := topology.ParseKey(text, e.defaultPort())
	if err != nil || arg.Verbatim {
		return key, err
	}
	return e.known(ctx, a.Topology, key), nil
}

func (e *Engine) otherInstance(ctx context.Context, a *Args, arg Arg) (topology.Key, error) {
	text := a.Text(ParamDestination)
	if text == "" {
		return topology.Key{}, missing(arg, text)
	}
	key, err := topology.ParseKey(text, e.defaultPort())
	if err != nil {
		return key, err
	}
	return e.known(ctx, a.Topology, key), nil
}

// known is the key under which a server is known that somebody calls key: the very key, the one that its host name
// resolves to, or the only one with that port whose host name contains the text.
func (e *Engine) known(ctx context.Context, t *topology.Topology, key topology.Key) topology.Key {
	if t != nil && t.Instance(key) != nil {
		return key
	}
	if e.Names != nil {
		key = e.Names.Resolve(ctx, key)
	}
	if t == nil {
		return key
	}
	if like := t.Fuzzy(key); len(like) == 1 {
		return like[0]
	}
	return key
}

// cluster finds the cluster that the person meant: by alias alone, by the hint, by the instance, by this host.
func (o *Operation) cluster(ctx context.Context, e *Engine, a *Args, arg Arg) (string, error) {
	if alias := a.Text(ParamClusterAlias); alias != "" {
		return clusterWithAlias(a.Topology, alias)
	}
	hint := firstOf(a.Text(ParamCluster), a.Text(ParamInstance))
	if hint == "" && !arg.Stated && !a.input.Here.IsZero() {
		hint = a.input.Here.String()
	}
	if hint == "" && !arg.Required {
		return "", nil
	}
	name, err := e.clusterOf(ctx, a.Topology, hint)
	if err != nil && arg.Verbatim && a.Given(ParamCluster) {
		return hint, nil
	}
	if err != nil && a.input.Lenient && o.Rights == Read {
		e.Log.WarnContext(ctx, err.Error())
		return "", nil
	}
	return name, err
}

func (e *Engine) clusterOf(ctx context.Context, t *topology.Topology, hint string) (string, error) {
	if t.Cluster(hint) != nil {
		return hint, nil
	}
	if c := t.ClusterByAlias(hint); c != nil {
		return c.Name, nil
	}
	if key, err := topology.ParseKey(hint, e.defaultPort()); err == nil {
		if i := t.Instance(e.known(ctx, t, key)); i != nil {
			return i.ClusterName, nil
		}
	}
	return "", noCluster(hint)
}

func noCluster(hint string) error {
	//lint:ignore ST1005 the text is published
	return fmt.Errorf("Unable to determine cluster name. clusterHint=%s", hint)
}

func clusterWithAlias(t *topology.Topology, alias string) (string, error) {
	if c := t.ClusterByAlias(alias); c != nil {
		return c.Name, nil
	}
	return "", fmt.Errorf("no cluster has the alias %q", alias)
}

// clusterNamed turns an alias into a name; anything else is taken as a name.
func clusterNamed(t *topology.Topology, text string) string {
	if text == "" || t == nil || t.Cluster(text) != nil {
		return text
	}
	if c := t.ClusterByAlias(text); c != nil {
		return c.Name
	}
	return text
}
