package httpapi

import (
	"expvar"
	"net/http"
	"net/http/pprof"
)

// mountDebug serves Go's own view of the process.
func (h *handler) mountDebug(mux *http.ServeMux) {
	mux.Handle("GET "+h.prefix+"/debug/vars", expvar.Handler())
	if h.DebugMetrics != nil {
		mux.Handle("GET "+h.prefix+"/debug/metrics", h.DebugMetrics)
	}
	profiles := h.prefix + "/debug/pprof"
	mux.HandleFunc("GET "+profiles+"/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET "+profiles+"/profile", pprof.Profile)
	mux.HandleFunc("GET "+profiles+"/symbol", pprof.Symbol)
	mux.HandleFunc("POST "+profiles+"/symbol", pprof.Symbol)
	mux.HandleFunc("GET "+profiles+"/trace", pprof.Trace)
	index := http.StripPrefix(h.prefix, http.HandlerFunc(pprof.Index))
	mux.Handle("GET "+profiles+"/", index)
	mux.Handle("GET "+profiles, http.RedirectHandler(profiles+"/", http.StatusMovedPermanently))
}
