package httpapi

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// forwardedHeader marks a request that a node has passed on, so that two nodes that take each other for the leader do
// not send it to and fro.
const forwardedHeader = "X-Orchestrator-Forwarded"

// forward passes a request on to the leader when this node is not it, and says whether it did. When no leader is
// known this node answers as well as it can.
func (h *handler) forward(w http.ResponseWriter, r *http.Request) bool {
	l := h.Engine.Leadership
	if l == nil || !l.Replicated() || l.IsLeader() || r.Header.Get(forwardedHeader) != "" {
		return false
	}
	uri := l.LeaderURI()
	if uri == "" {
		return false
	}
	leader, err := url.Parse(uri)
	if err != nil || leader.Host == "" {
		h.Logger.ErrorContext(r.Context(), "the address of the leader is no URL", "uri", uri, "error", err)
		return false
	}
	proxy := &httputil.ReverseProxy{
		Transport: h.Transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(leader)
			p.Out.Host = leader.Host
			p.Out.Header.Del("Accept-Encoding")
			// Where the request comes from has been judged here; the leader has another name.
			p.Out.Header.Del("Origin")
			p.Out.Header.Del("Sec-Fetch-Site")
			p.Out.Header.Set(forwardedHeader, h.Engine.Node.Hostname)
			p.SetXForwarded()
		},
		ErrorLog: slog.NewLogLogger(h.Logger.Handler(), slog.LevelError),
	}
	proxy.ServeHTTP(w, r)
	return true
}
