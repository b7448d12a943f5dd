package v2

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// bodyLimit is how large the body of a request may be, in bytes.
const bodyLimit = 1 << 20

// request is a request for a route, with what handlers want to know of it.
type request struct {
	*http.Request
	api    *API
	route  *route
	caller Caller

	seen *topology.Topology
}

// serve answers the requests for a route.
func (a *API) serve(route *route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.headers(w)
		if p := crossSite(r, route.method); p != nil {
			a.refuse(w, r, p)
			return
		}
		if !route.local && a.forward != nil && a.forward(w, r) {
			return
		}
		if route.needs != operate.Viewer && a.follows() {
			a.refuse(w, r, notAvailable.say("this node does not lead, and does not know who does").because("no-leader", "try again in a moment, or ask another node"))
			return
		}
		q := &request{Request: r, api: a, route: route, caller: a.caller(r)}
		if !q.caller.Role.May(route.needs) {
			a.refuse(w, r, unauthorized.say("%s needs the role %s, and %s has %s", route.name, route.needs, q.caller.who(), q.caller.role()).
				because("role", "sign in as somebody with that role"))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
		q.Request = r.WithContext(operate.WithCaller(r.Context(), q.caller.Name))
		if route.stream != nil {
			route.stream(w, q)
			return
		}
		answer, err := route.handle(q)
		if err != nil {
			p := problemOf(err)
			if p.Status >= http.StatusInternalServerError {
				a.Logger.WarnContext(r.Context(), "a request failed", "route", route.name, "error", err)
			}
			a.refuse(w, r, p)
			return
		}
		a.answer(w, q, answer)
	}
}

// follows says whether only another node may change things.
func (a *API) follows() bool {
	l := a.Engine.Leadership
	return l != nil && l.Replicated() && !l.IsLeader()
}

func (c Caller) who() string {
	if c.Name == "" {
		return "the caller"
	}
	return c.Name
}

func (c Caller) role() string {
	if c.Role == operate.Nobody {
		return "none"
	}
	return string(c.Role)
}

// crossSite refuses changes that a browser sends because a page of another site asked it to.
func crossSite(r *http.Request, method string) *Problem {
	if method == http.MethodGet {
		return nil
	}
	if err := protection.Check(r); err != nil {
		return wrongPlatform.say("%v", err).because("cross-origin", "send it from a page of this very address, or from a program that is no browser")
	}
	return nil
}

var protection = http.NewCrossOriginProtection()

// headers are on every answer: who answers, and that nobody is to keep it or to make something else of it.
func (a *API) headers(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Orchestrator-Node", a.Engine.Node.Hostname)
	h.Set("Orchestrator-Role", a.roleOfNode())
	h.Set("Orchestrator-Time", a.Engine.Now().UTC().Format(timeForm))
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// timeForm is how times are written, to the millisecond.
const timeForm = "2006-01-02T15:04:05.000Z07:00"

func (a *API) roleOfNode() string {
	if a.leads() {
		return "leader"
	}
	return "follower"
}

func (a *API) leads() bool { return a.Engine.Leadership == nil || a.Engine.Leadership.IsLeader() }

// leaderURI is the address of another node that leads; "" when none is known.
func (a *API) leaderURI() string {
	if a.Engine.Leadership == nil {
		return ""
	}
	return a.Engine.Leadership.LeaderURI()
}

// answer sends what a handler returned. The entity tag is made of the body, so that a client that has it already is
// told so.
func (a *API) answer(w http.ResponseWriter, q *request, answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		a.refuse(w, q.Request, failed.say("cannot write the answer as JSON: %v", err))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	if q.Method == http.MethodGet || q.Method == http.MethodHead {
		sum := fnv.New64a()
		_, _ = sum.Write(text) // never fails
		tag := fmt.Sprintf(`W/"%x"`, sum.Sum64())
		h.Set("ETag", tag)
		if matches(q.Header.Get("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	if q.route.status != 0 {
		w.WriteHeader(q.route.status)
	}
	a.write(w, q.Request, append(text, '\n'))
}

func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if strings.TrimSpace(part) == tag {
			return true
		}
	}
	return false
}

func (a *API) write(w http.ResponseWriter, r *http.Request, text []byte) {
	if _, err := w.Write(text); err != nil {
		a.Logger.DebugContext(r.Context(), "the client has gone before the answer was written", "path", r.URL.Path, "error", err)
	}
}

// fleet is the topology at the moment of the first call.
func (q *request) fleet() (*topology.Topology, error) {
	if q.seen != nil {
		return q.seen, nil
	}
	t, err := q.api.Engine.Picture.Topology(q.Context())
	if err != nil {
		return nil, fmt.Errorf("read the topology: %w", err)
	}
	q.seen = t
	return t, nil
}

// cluster is the one that the path or a query names, by its name, its alias or a member. known is false when the text
// is empty.
func (q *request) cluster(text string) (*topology.Cluster, *topology.Topology, error) {
	t, err := q.fleet()
	if err != nil {
		return nil, nil, err
	}
	c := q.api.Engine.ClusterOf(q.Context(), t, text)
	if c == nil {
		return nil, nil, notFound.say("no cluster is known as %q", text).because("unknown-cluster", "GET "+Prefix+"/clusters lists them")
	}
	return c, t, nil
}

// instance is the server that the path names.
func (q *request) instance() (*topology.Instance, *topology.Topology, error) {
	t, err := q.fleet()
	if err != nil {
		return nil, nil, err
	}
	text := q.PathValue("instance")
	i := q.api.Engine.Server(q.Context(), t, text)
	if i == nil {
		return nil, nil, notFound.say("no server is known as %q", text).because("unknown-server", "discover it: POST "+Prefix+"/discoveries")
	}
	return i, t, nil
}

// decode reads the body, which must be one JSON object without unknown members.
func (q *request) decode(into any) error {
	kind, _, err := mime.ParseMediaType(q.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return wrongType.say("the body has the type %q", q.Header.Get("Content-Type")).because("content-type", "send Content-Type: application/json")
	}
	text, err := io.ReadAll(q.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge.say("the body is larger than %d bytes", bodyLimit)
	case err != nil:
		return badRequest.say("the body cannot be read: %v", err)
	}
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return badRequest.say("the body cannot be understood: %v", strings.TrimPrefix(err.Error(), "json: ")).because("body", "see "+Prefix+"/openapi.json")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badRequest.say("the body holds more than one JSON value")
	}
	return nil
}

func (q *request) text(name string) string { return strings.TrimSpace(q.URL.Query().Get(name)) }

func (q *request) flag(name string) (bool, error) {
	text := q.text(name)
	if text == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(text)
	if err != nil {
		return false, badRequest.say("%s=%q: true or false is required", name, text)
	}
	return on, nil
}

// The sizes of a page of a list.
const (
	pageSize    = 50
	pageAtMost  = 500
	cursorStart = "after:"
)

// window is which part of a list is wanted: at most limit entries behind the one that the cursor names.
type window struct {
	limit int
	after string // "" is the beginning
}

func (q *request) window() (w window, err error) {
	w.limit = pageSize
	if text := q.text("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > pageAtMost {
			return w, badRequest.say("limit=%q: a number from 1 to %d is required", text, pageAtMost)
		}
		w.limit = n
	}
	if text := q.text("cursor"); text != "" {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		after, ok := strings.CutPrefix(string(raw), cursorStart)
		if err != nil || !ok {
			return w, badRequest.say("cursor=%q is not one that this API gave", text).because("cursor", "take it from the member next of the page before")
		}
		w.after = after
	}
	return w, nil
}

// number is the cursor as a number; 0 at the beginning.
func (w window) number() (int64, error) {
	if w.after == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(w.after, 10, 64)
	if err != nil || n <= 0 {
		return 0, badRequest.say("the cursor is not one of this list")
	}
	return n, nil
}

func cursor(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorStart + id))
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Total int    `json:"total" doc:"how many there are in all, by the same filters"`
	Next  string `json:"next,omitempty" doc:"the cursor of what follows; missing at the end"`
}

// pageOf cuts the window out of a whole list; id names an entry for the cursor.
func pageOf[T any](list []T, w window, id func(T) string) (Page[T], error) {
	p := Page[T]{Items: []T{}, Total: len(list)}
	begin := 0
	if w.after != "" {
		begin = -1
		for n := range list {
			if id(list[n]) == w.after {
				begin = n + 1
			}
		}
		if begin < 0 {
			return p, badRequest.say("what the cursor names is not in the list any more").because("cursor", "begin anew, without a cursor")
		}
	}
	end := min(begin+w.limit, len(list))
	p.Items = append(p.Items, list[begin:end]...)
	if end < len(list) {
		p.Next = cursor(id(list[end-1]))
	}
	return p, nil
}

// mapped is never nil, so that an empty list is [].
func mapped[A, B any](list []A, shape func(A) B) []B {
	out := make([]B, len(list))
	for n, x := range list {
		out[n] = shape(x)
	}
	return out
}

// call runs an operation of the registry on behalf of the caller.
func (q *request) call(name string, values map[operate.Param]string) (operate.Result, error) {
	return q.api.call(q.Context(), q.caller, name, values)
}

func (a *API) call(ctx context.Context, c Caller, name string, values map[operate.Param]string) (operate.Result, error) {
	o := a.Registry.Named(name)
	if o == nil {
		return operate.Result{}, failed.say("the operation %s is missing", name)
	}
	in := operate.Input{Values: values, User: c.Name}
	if err := o.Check(ctx, a.Engine, in); err != nil {
		return operate.Result{}, inputProblem(err)
	}
	return o.Call(ctx, a.Engine, in)
}

// when is a time, nil for none.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
