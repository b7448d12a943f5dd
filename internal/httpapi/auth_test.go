package httpapi_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"orchestrator/internal/config"
	"orchestrator/internal/httpapi"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
)

type tokens struct{ fail error }

func (t tokens) Valid(_ context.Context, public, secret string) (bool, error) {
	return public == "p" && secret == "s", t.fail
}

func (t tokens) Acquire(_ context.Context, public string) (string, error) {
	if public != "p" {
		return "", errors.New("not found")
	}
	return "s", nil
}

func TestWhoMayDoWhat(t *testing.T) {
	basic := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	header := func(user string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("X-Forwarded-User", user) }
	}
	cookie := func(value string) func(*http.Request) {
		return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "access-token", Value: value}) }
	}
	nobody := func(*http.Request) {}
	for name, c := range map[string]struct {
		method string
		change func(*config.Config)
		caller func(*http.Request)
		read   int    // status of a read
		owner  string // whose acknowledgement a write becomes; "" when it is refused
	}{
		"none":                     {"", nil, nobody, 200, "node1"},
		"none, in words":           {"None", nil, nobody, 200, "node1"},
		"read only":                {"", func(c *config.Config) { c.ReadOnly = true }, nobody, 200, ""},
		"basic without":            {"basic", nil, nobody, 401, ""},
		"basic, wrong":             {"basic", nil, basic("admin", "x"), 401, ""},
		"basic, other user":        {"basic", nil, basic("readonly", "secret"), 401, ""},
		"basic":                    {"Basic", nil, basic("admin", "secret"), 200, "admin"},
		"basic, read only":         {"basic", func(c *config.Config) { c.ReadOnly = true }, basic("admin", "secret"), 200, ""},
		"multi":                    {"multi", nil, basic("admin", "secret"), 200, "admin"},
		"multi, readonly":          {"multi", nil, basic("readonly", "whatever"), 200, ""},
		"multi, wrong":             {"multi", nil, basic("admin", "x"), 401, ""},
		"proxy, everybody":         {"proxy", nil, header("ann"), 200, "ann"},
		"proxy, named":             {"proxy", func(c *config.Config) { c.PowerAuthUsers = []string{"ann"} }, header("ann"), 200, "ann"},
		"proxy, not named":         {"proxy", func(c *config.Config) { c.PowerAuthUsers = []string{"ann"} }, header("bob"), 200, ""},
		"proxy, nobody":            {"proxy", func(c *config.Config) { c.PowerAuthUsers = []string{""} }, nobody, 200, ""},
		"proxy, by group":          {"proxy", func(c *config.Config) { c.PowerAuthUsers, c.PowerAuthGroups = nil, []string{"dba"} }, header("carl"), 200, "carl"},
		"proxy, in no such group":  {"proxy", func(c *config.Config) { c.PowerAuthUsers, c.PowerAuthGroups = nil, []string{"ops"} }, header("carl"), 200, ""},
		"proxy, unknown to the OS": {"proxy", func(c *config.Config) { c.PowerAuthUsers, c.PowerAuthGroups = nil, []string{"dba"} }, header("dave"), 200, ""},
		"token":                    {"token", nil, cookie("p:s"), 200, "node1"},
		"token, wrong secret":      {"token", nil, cookie("p:x"), 200, ""},
		"token, no colon":          {"token", nil, cookie("ps"), 200, ""},
		"token, none":              {"token", nil, nobody, 200, ""},
		"oauth":                    {"oauth", nil, nobody, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			b.Conf.AuthenticationMethod, b.Conf.HTTPAuthUser, b.Conf.HTTPAuthPassword = c.method, "admin", "secret"
			if c.change != nil {
				c.change(b.Conf)
			}
			h := httpapi.New(httpapi.Deps{Engine: b.Engine(), Registry: operate.NewRegistry(), Tokens: tokens{}, GroupsOf: groups})
			ask := func(target string) *httptest.ResponseRecorder {
				r := httptest.NewRequest(http.MethodGet, target, nil)
				c.caller(r)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				return w
			}
			read := ask("/api/clusters")
			if read.Code != c.read {
				t.Errorf("a read: %d", read.Code)
			}
			if c.read == 401 && (read.Body.String() != "Not Authorized\n" || read.Header().Get("WWW-Authenticate") != `Basic realm="Authorization Required"`) {
				t.Errorf("refused with %q and %v", read.Body, read.Header())
			}
			write := ask("/api/ack-all-recoveries?comment=x")
			did := strings.Join(b.Calls, " ")
			switch {
			case c.owner != "" && !strings.Contains(did, "owner="+c.owner+" "):
				t.Errorf("a write: %d %s, did %q", write.Code, write.Body, did)
			case c.owner == "" && (did != "" || write.Code == 200):
				t.Errorf("a write was not refused: %d, did %q", write.Code, did)
			case c.owner == "" && c.read == 200 && !strings.Contains(write.Body.String(), `"Message":"Unauthorized"`):
				t.Errorf("a write was refused with %s", write.Body)
			}
		})
	}
}

func groups(user string) ([]string, error) {
	if user == "carl" {
		return []string{"users", "dba"}, nil
	}
	return nil, errors.New("unknown user")
}

func TestTokenLogin(t *testing.T) {
	b := operatetest.New()
	b.Conf.AuthenticationMethod = "token"
	h := httpapi.New(httpapi.Deps{Engine: b.Engine(), Registry: operate.NewRegistry(), Tokens: tokens{}})
	w := get(t, h, "/web/access-token?publicToken=p")
	cookies := w.Result().Cookies()
	if w.Code != http.StatusFound || w.Header().Get("Location") != "/" || len(cookies) != 1 || cookies[0].Value != "p:s" || cookies[0].Path != "/" {
		t.Errorf("status %d, headers %v", w.Code, w.Header())
	}
	if w := get(t, h, "/web/access-token?publicToken=x"); w.Code != http.StatusUnauthorized || len(w.Result().Cookies()) > 0 {
		t.Errorf("an unknown token: %d %v", w.Code, w.Header())
	}
	broken := httpapi.New(httpapi.Deps{Engine: b.Engine(), Registry: operate.NewRegistry(), Tokens: tokens{fail: errors.New("no backend")}})
	r := httptest.NewRequest(http.MethodGet, "/api/discover/a/1", nil)
	r.AddCookie(&http.Cookie{Name: "access-token", Value: "p:s"})
	rec := httptest.NewRecorder()
	if broken.ServeHTTP(rec, r); rec.Code != 500 {
		t.Errorf("a token that could not be checked was accepted: %s", rec.Body)
	}
}

func TestOrganisationalUnits(t *testing.T) {
	b := operatetest.New()
	b.Conf.UseMutualTLS, b.Conf.SSLValidOUs = true, []string{"dba"}
	h := handler(b)
	ask := func(target, unit string) int {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Subject: pkix.Name{OrganizationalUnit: []string{unit}}}}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	if code := ask("/api/clusters", "dba"); code != 200 {
		t.Errorf("right unit: %d", code)
	}
	if code := ask("/api/clusters", "ops"); code != 401 {
		t.Errorf("wrong unit: %d", code)
	}
	if code := ask("/api/status", "ops"); code != 200 {
		t.Errorf("status with a wrong unit: %d", code)
	}
	b.Conf.StatusOUVerify = true
	if code := ask("/api/status", "ops"); code != 401 {
		t.Errorf("status with a wrong unit, verified: %d", code)
	}
	b.Conf.SSLValidOUs = nil
	if code := ask("/api/clusters", "dba"); code != 401 {
		t.Errorf("no unit is valid, yet one passes: %d", code)
	}
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/clusters", nil)); w.Code != 401 {
		t.Errorf("without TLS: %d", w.Code)
	}
	r := httptest.NewRequest(http.MethodGet, "/api/clusters", nil)
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.UnixAddr{Name: "/s", Net: "unix"}))
	w = httptest.NewRecorder()
	if h.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("through the socket: %d", w.Code)
	}
}

func TestOtherHandlers(t *testing.T) {
	text := func(s string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(s + r.URL.Path)) })
	}
	b := operatetest.New()
	b.Conf.URLPrefix = "/orc"
	h := httpapi.New(httpapi.Deps{
		Engine: b.Engine(), Registry: operate.NewRegistry(), Prometheus: text("metrics"), DebugMetrics: text("debug"), Web: func(http.Handler, string) http.Handler { return text("web") },
	})
	for target, want := range map[string]string{
		"/orc/metrics": "metrics/orc/metrics", "/orc/debug/metrics": "debug/orc/debug/metrics", "/orc/web/clusters": "web/web/clusters", "/orc/": "web/",
		"/orc/api/nosuch": "404 page not found\n", "/": "404 page not found\n",
	} {
		if w := get(t, h, target); w.Body.String() != want {
			t.Errorf("%s: %q, want %q", target, w.Body, want)
		}
	}
}

// FuzzPaths asks for whatever comes; no request may fail the handler.
func FuzzPaths(f *testing.F) {
	for _, s := range []string{"clusters", "topology/a/b", "tag/h/1?tag=~x", "recover/%00/1", "ack-recovery/uid/%2F", "audit/-1", "discovery-metrics-raw/99999999999"} {
		f.Add(s)
	}
	h := handler(operatetest.New())
	f.Fuzz(func(t *testing.T, path string) {
		r, err := http.NewRequest(http.MethodGet, "/api/"+path, nil)
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 301 && w.Code != 307 && w.Code != 404 && w.Code != 500 && !strings.HasPrefix(path, "leader-check") && !strings.HasPrefix(path, "routed") {
			t.Errorf("%s: status %d", path, w.Code)
		}
	})
}
