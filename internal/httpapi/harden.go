package httpapi

import (
	"errors"
	"net/http"
	"strings"
)

// errElsewhere refuses a change that a browser asks for because a page of another site, or a link, told it to.
//
//lint:ignore ST1005 it begins like the published text
var errElsewhere = errors.New("Unauthorized: the request comes from another site")

// fromElsewhere says whether a browser sends the request on behalf of another site. The old API changes things by GET,
// which every link can send. Programs that are no browsers do not say where they come from, and are not meant.
func fromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return true
	}
	return false
}

// withoutCredentials are the headers of a request as they may be shown, logged and sent on.
func withoutCredentials(h http.Header) http.Header {
	shown := h.Clone()
	for _, name := range []string{"Authorization", "Proxy-Authorization", "Cookie"} {
		if len(shown[name]) > 0 {
			shown[name] = []string{"********"}
		}
	}
	return shown
}

// pagePolicy is what pages may do: nothing that is not of this very address. Scripts stand in files alone.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"worker-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// dataPolicy is that for answers that are no pages.
const dataPolicy = "default-src 'none'; frame-ancestors 'none'"

// hardened tells browsers to make of each answer nothing but what it is, and to let no other site have it.
func hardened(next http.Handler, prefix string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		path := strings.TrimPrefix(r.URL.Path, prefix)
		switch {
		case strings.HasPrefix(path, "/debug/"): // its index has styles of its own
		case strings.HasPrefix(path, "/api/"), path == "/metrics":
			h.Set("Content-Security-Policy", dataPolicy)
		default:
			h.Set("Content-Security-Policy", pagePolicy)
		}
		next.ServeHTTP(w, r)
	})
}
