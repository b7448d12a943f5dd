package httpapi

import (
	"log/slog"
	"net/http"
	"strings"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
)

// Deps are what the handler needs. Engine, with its Leadership, and Registry are required.
type Deps struct {
	Engine   *operate.Engine
	Registry *operate.Registry
	Logger   *slog.Logger // nil: the engine's

	// Tokens checks access tokens; required with AuthenticationMethod `token`.
	Tokens Tokens
	// GroupsOf returns the OS groups of a user, for PowerAuthGroups; nil asks the operating system.
	GroupsOf func(user string) ([]string, error)
	// FQDN is the full name of this host, for PrependMessagesWithOrcIdentity; nil means that it cannot be found out.
	FQDN func() (string, error)
	// Transport carries requests to the leader; nil is http.DefaultTransport.
	Transport http.RoundTripper
	// Stamp adds to an answer which node gave it, and what part that node plays; may be nil.
	Stamp func(http.Header)
	// Prometheus answers /metrics; nil: not served.
	Prometheus http.Handler
	// DebugMetrics answers /debug/metrics; nil: not served.
	DebugMetrics http.Handler
	// V2 is the second generation of the API; nil: not served.
	V2 *v2.API
	// Web makes the handler of everything that is neither API nor debugging, behind the same authentication; nil: not
	// found. It is given the API, with URLPrefix, for the first data of the page, and sees paths without URLPrefix.
	Web func(api http.Handler, prefix string) http.Handler
}

type handler struct {
	Deps
	auth   *authenticator
	shaper Shaper
	prefix string // normalised URLPrefix
	says   string // before every message
	texts  *texts
}

// defaultStatusEndpoint is where the status operation is unless the configuration moves it.
const defaultStatusEndpoint = "/api/status"

// New makes the handler of everything that the service serves over HTTP. URLPrefix, StatusEndpoint and the way of
// authentication are those of the configuration at this moment.
func New(d Deps) http.Handler {
	if d.Logger == nil {
		d.Logger = d.Engine.Log
	}
	conf := d.Engine.Config()
	h := &handler{
		Deps: d, auth: newAuthenticator(d), prefix: normalPrefix(conf.URLPrefix), says: identity(d),
		shaper: Shaper{Config: d.Engine.Config, Now: d.Engine.Now}, texts: newTexts(),
	}
	mux := http.NewServeMux()
	for _, o := range d.Registry.Operations() {
		if o.Name == operate.StatusOperation {
			continue
		}
		for _, route := range o.Routes {
			h.mount(mux, o, route)
		}
	}
	mux.HandleFunc(h.prefix+"/api/", http.NotFound)
	if d.V2 != nil {
		d.V2.Mount(mux, h.prefix, h.auth.caller, h.forwardV2)
	}
	h.mountDebug(mux)
	if d.Prometheus != nil {
		mux.Handle("GET "+h.prefix+"/metrics", d.Prometheus)
	}
	if d.Tokens != nil {
		mux.HandleFunc("GET "+h.prefix+"/web/access-token", h.auth.redeemToken)
	}
	if d.Web != nil {
		mux.Handle(h.prefix+"/", http.StripPrefix(h.prefix, d.Web(mux, h.prefix)))
	}
	return hardened(h.auth.wrap(h.withStatus(conf.StatusEndpoint, mux)), h.prefix)
}

// mount serves a route, with or without a slash at its end.
func (h *handler) mount(mux *http.ServeMux, o *operate.Operation, route string) {
	path := h.prefix + "/api/" + muxPattern(route)
	call := h.operation(o, route)
	mux.HandleFunc("GET "+path, call)
	mux.HandleFunc("GET "+path+"/{$}", call)
}

// withStatus serves the status operation where StatusEndpoint says, whatever else is there, instead of under its
// usual path.
func (h *handler) withStatus(endpoint string, next *http.ServeMux) http.Handler {
	o := operationNamed(h.Registry, operate.StatusOperation)
	if o == nil {
		return next
	}
	if endpoint == "" || endpoint == defaultStatusEndpoint {
		h.mount(next, o, o.Routes[0])
		return next
	}
	call := h.operation(o, "")
	path := "/" + strings.Trim(endpoint, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.URL.Path == path || r.URL.Path == path+"/") && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			call(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func operationNamed(r *operate.Registry, name string) *operate.Operation {
	for _, o := range r.Operations() {
		if o.Name == name {
			return o
		}
	}
	return nil
}

// normalPrefix has one leading slash and none at the end, or is empty.
func normalPrefix(prefix string) string {
	prefix = strings.Trim(prefix, "/")
	if prefix == "" {
		return ""
	}
	return "/" + prefix
}

// operation answers the requests for one route of an operation.
func (h *handler) operation(o *operate.Operation, route string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if h.Stamp != nil {
			h.Stamp(w.Header())
		}
		elsewhere := o.Rights == operate.Write && fromElsewhere(r)
		if o.Place == operate.Leader && !elsewhere && h.forward(w, r, o, route) {
			return
		}
		h.local(w, r, o, route)
	}
}

// local answers a request on this node.
func (h *handler) local(w http.ResponseWriter, r *http.Request, o *operate.Operation, route string) {
	values, found, err := inputOf(o, route, r)
	if !found {
		http.NotFound(w, r)
		return
	}
	rep := h.reply(w, r, o)
	switch {
	case err != nil:
		rep.fail(err)
	case o.Rights == operate.Write && fromElsewhere(r):
		rep.fail(errElsewhere)
	case o.Rights == operate.Write && !o.AnyNode && h.Engine.NoLeader() != nil:
		rep.fail(h.Engine.NoLeader())
	case o.Rights == operate.Write && !h.auth.may(r, o):
		rep.fail(operate.ErrUnauthorized)
	default:
		user := h.auth.user(r)
		ctx := operate.WithCaller(r.Context(), user)
		if h.V2 != nil {
			ctx = h.V2.Followed(ctx, r.Header.Get(v2.OperationHeader))
		}
		result, err := o.Call(ctx, h.Engine, operate.Input{Values: values, User: user})
		if err != nil {
			rep.fail(err)
			return
		}
		rep.succeed(result)
	}
}
