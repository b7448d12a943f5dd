package httpapi_test

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"orchestrator/internal/config"
	"orchestrator/internal/httpapi"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
)

// usersFile is a file with people of each role, whose password is their name, and a machine whose token is `robot`.
func usersFile(t *testing.T) string {
	t.Helper()
	var lines []string
	for _, role := range []string{"viewer", "operator", "admin"} {
		hash, err := bcrypt.GenerateFromPassword([]byte(role), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, role+":"+string(hash)+":"+role)
	}
	sum := sha256.Sum256([]byte("robot"))
	lines = append(lines, "ci:sha256$"+hex.EncodeToString(sum[:])+":operator")
	file := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var placeholders = regexp.MustCompile(`:\w+`)

// requestFor is a request for a route of the old API, whose placeholders are filled with what is known.
func requestFor(route string) string {
	return "/api/" + placeholders.ReplaceAllStringFunc(route, func(name string) string {
		switch p, _ := operate.PlaceholderOf(name[1:]); {
		case p.Port:
			return "3306"
		case p.Param == operate.ParamInstance:
			return "db-a3"
		case p.Param == operate.ParamDestination:
			return "db-a2"
		case p.Param == operate.ParamCluster, p.Param == operate.ParamClusterName, p.Param == operate.ParamClusterAlias:
			return "orders"
		}
		return "1"
	})
}

// TestEveryChangingRouteNeedsTheRight goes over all routes of the old API, as everybody who may not.
func TestEveryChangingRouteNeedsTheRight(t *testing.T) {
	b := operatetest.New()
	b.Conf.AuthenticationMethod, b.Conf.AuthUsersFile = "users", usersFile(t)
	h := handler(b)
	ask := func(route, role string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, requestFor(route), nil)
		if role != "" {
			r.SetBasicAuth(role, role)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	const unauthorized = `{"Code":"ERROR","Message":"Unauthorized","Details":null}`
	changing := 0
	for _, o := range operate.NewRegistry().Operations() {
		for _, route := range o.Routes {
			if w := ask(route, ""); w.Code != http.StatusUnauthorized {
				t.Errorf("%s without a password: %d", route, w.Code)
			}
			if o.Rights != operate.Write {
				continue
			}
			changing++
			for role, may := range map[string]bool{"viewer": false, "operator": o.Needs() == operate.Operator} {
				b.Calls = nil
				w := ask(route, role)
				if refused := w.Body.String() == unauthorized; refused == may {
					t.Errorf("%s as %s: %d %s", route, role, w.Code, w.Body)
				}
				if !may && len(b.Calls) > 0 {
					t.Errorf("%s as %s did %s", route, role, b.Calls)
				}
			}
		}
	}
	if changing < 50 {
		t.Errorf("only %d routes change something", changing)
	}
}

// TestChangesFromOtherSites: a link on a page of another site changes nothing, by any route; reading is no matter.
func TestChangesFromOtherSites(t *testing.T) {
	b := operatetest.New()
	h := handler(b)
	for _, o := range operate.NewRegistry().Operations() {
		for _, route := range o.Routes {
			for site, trusted := range map[string]bool{"cross-site": false, "same-site": false, "same-origin": true, "none": true} {
				b.Calls = nil
				r := httptest.NewRequest(http.MethodGet, requestFor(route), nil)
				r.Header.Set("Sec-Fetch-Site", site)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				refused := strings.Contains(w.Body.String(), "another site")
				if refused != (o.Rights == operate.Write && !trusted) {
					t.Errorf("%s from %s: %d %s", route, site, w.Code, w.Body)
				}
				if refused && len(b.Calls) > 0 {
					t.Errorf("%s from %s did %s", route, site, b.Calls)
				}
			}
		}
	}
}

func TestUsersTokensAndRoles(t *testing.T) {
	person := func(name, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(name, password) }
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, c := range map[string]struct {
		method string
		caller func(*http.Request)
		status int
		want   v2.Me
	}{
		"users, nobody":            {"users", func(*http.Request) {}, 401, v2.Me{}},
		"users, wrong password":    {"users", person("admin", "x"), 401, v2.Me{}},
		"users, unknown":           {"Users", person("root", "root"), 401, v2.Me{}},
		"users, viewer":            {"users", person("viewer", "viewer"), 200, v2.Me{Name: "viewer", Method: "basic", Role: "viewer"}},
		"users, operator":          {"users", person("operator", "operator"), 200, v2.Me{Name: "operator", Method: "basic", Role: "operator"}},
		"users, admin":             {"users", person("admin", "admin"), 200, v2.Me{Name: "admin", Method: "basic", Role: "admin"}},
		"users, token":             {"users", header("Authorization", "bearer robot"), 200, v2.Me{Name: "ci", Method: "bearer", Role: "operator"}},
		"users, wrong token":       {"users", header("Authorization", "Bearer robo"), 401, v2.Me{}},
		"users, token as password": {"users", person("ci", "robot"), 401, v2.Me{}},
		"none, token":              {"", header("Authorization", "Bearer robot"), 200, v2.Me{Name: "ci", Method: "bearer", Role: "operator"}},
		"none, wrong token":        {"", header("Authorization", "Bearer x"), 401, v2.Me{}},
		"none":                     {"", func(*http.Request) {}, 200, v2.Me{Method: "none", Role: "admin"}},
		"basic, token":             {"basic", header("Authorization", "Bearer robot"), 200, v2.Me{Name: "ci", Method: "bearer", Role: "operator"}},
		"basic":                    {"basic", person("dba", "secret"), 200, v2.Me{Name: "dba", Method: "basic", Role: "admin"}},
		"multi, readonly":          {"multi", person("readonly", ""), 200, v2.Me{Name: "readonly", Method: "multi", Role: "viewer"}},
		"proxy, of the file":       {"proxy", header("X-Forwarded-User", "viewer"), 200, v2.Me{Name: "viewer", Method: "proxy", Role: "viewer"}},
		"proxy, of the list":       {"proxy", header("X-Forwarded-User", "alice"), 200, v2.Me{Name: "alice", Method: "proxy", Role: "admin"}},
		"token, none":              {"token", func(*http.Request) {}, 200, v2.Me{Method: "token", Role: "viewer"}},
		"oauth":                    {"oauth", func(*http.Request) {}, 200, v2.Me{Method: "oauth", Role: "viewer"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			b.Conf.AuthenticationMethod, b.Conf.AuthUsersFile = c.method, usersFile(t)
			b.Conf.HTTPAuthUser, b.Conf.HTTPAuthPassword = "dba", "secret"
			api := v2.New(v2.Deps{Engine: b.Engine(), Registry: operate.NewRegistry()})
			h := httpapi.New(httpapi.Deps{Engine: b.Engine(), Registry: operate.NewRegistry(), Tokens: tokens{}, V2: api})
			r := httptest.NewRequest(http.MethodGet, "/api/v2/me", nil)
			c.caller(r)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			if c.status == http.StatusUnauthorized {
				if w.Header().Get("WWW-Authenticate") == "" {
					t.Error("it does not say how to sign in")
				}
				return
			}
			got := decode[v2.Me](t, w)
			if got.Name != c.want.Name || got.Role != c.want.Role || got.MayOperate != (got.Role != "viewer") || got.MayAdmin != (got.Role == "admin") {
				t.Errorf("%+v", got)
			}
			if strings.HasPrefix(name, "basic") || strings.HasPrefix(name, "users") {
				c.want.Method = got.Method // both are passwords
			}
			if got.Method != c.want.Method {
				t.Errorf("method %q", got.Method)
			}
		})
	}
}

// TestGuessingIsSlowedDown: after many wrong passwords from one address none is checked from there for a while.
func TestGuessingIsSlowedDown(t *testing.T) {
	b := operatetest.New()
	b.Conf.AuthenticationMethod, b.Conf.AuthUsersFile = "users", usersFile(t)
	h := handler(b)
	for range 100 {
		r := httptest.NewRequest(http.MethodGet, "/api/clusters", nil)
		r.SetBasicAuth("admin", "guess")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code == http.StatusTooManyRequests {
			if w.Header().Get("Retry-After") == "" {
				t.Error("it does not say for how long")
			}
			return
		}
	}
	t.Error("a hundred passwords were tried")
}

// TestOpenAddressIsWarnedOf: an old configuration goes on working, and is told of everywhere.
func TestOpenAddressIsWarnedOf(t *testing.T) {
	for document, warned := range map[string]bool{
		`{"ListenAddress": ":3000"}`:          true,
		`{"ListenAddress": "127.0.0.1:3000"}`: false,
		`{}`:                                  false,
		`{"ListenAddress": ":3000", "ReadOnly": true}`:                false,
		`{"ListenAddress": ":3000", "AuthenticationMethod": "proxy"}`: false,
	} {
		c, _, err := config.Load(config.Options{Explicit: "c", ReadFile: func(string) ([]byte, error) { return []byte(document), nil }})
		if err != nil {
			t.Fatal(err)
		}
		b := operatetest.New()
		b.Conf = c
		s := newSecond(t, b)
		me := decode[v2.Me](t, s.do(http.MethodGet, "/api/v2/me", ""))
		status := s.do(http.MethodGet, "/api/status", "").Body.String()
		if (len(me.Warnings) > 0) != warned || strings.Contains(status, "asks nobody who they are") != warned {
			t.Errorf("%s: %v, %s", document, me.Warnings, status)
		}
		if w := s.do(http.MethodGet, "/api/begin-downtime/db-a2/3306/dba/x", ""); warned && w.Code != http.StatusOK {
			t.Errorf("%s: a change is refused: %d %s", document, w.Code, w.Body)
		}
	}
}

// TestSecretsStayInside sets every secret of the configuration and looks for it in every answer and in the log.
func TestSecretsStayInside(t *testing.T) {
	const canary = "c4nary-of-the-mine"
	b := operatetest.New()
	conf := reflect.ValueOf(b.Conf).Elem()
	secrets := 0
	for _, k := range config.Keys() {
		if k.Secret {
			conf.FieldByName(k.Name).SetString(canary)
			secrets++
		}
	}
	if secrets < 4 {
		t.Fatalf("only %d secrets", secrets)
	}
	b.Conf.AuthUsersFile = usersFile(t)
	var log strings.Builder
	s := newSecond(t, b, func(d *httpapi.Deps) {
		d.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	look := func(target string, w *httptest.ResponseRecorder) {
		t.Helper()
		body := w.Body.String()
		if strings.Contains(body, canary) || strings.Contains(body, "$2a$") || strings.Contains(body, "sha256$") && !strings.Contains(target, "config") && !strings.Contains(target, "openapi") {
			t.Errorf("%s shows a secret", target)
		}
	}
	for _, o := range operate.NewRegistry().Operations() {
		for _, route := range o.Routes {
			look(route, s.do(http.MethodGet, requestFor(route), ""))
		}
	}
	for _, o := range s.document(t).Operations() {
		if o.ID != "getEvents" {
			look(o.Path, s.do(o.Method, "/api/v2"+samples[o.ID][0], samples[o.ID][1]))
		}
	}
	s.do(http.MethodGet, "/api/clusters", "", "Authorization", "Bearer "+canary)
	dump, err := b.Conf.Dump()
	if err != nil || strings.Contains(string(dump), canary) {
		t.Errorf("dump-config shows a secret: %v", err)
	}
	var report strings.Builder
	if err := config.Report(&report, b.Conf, nil); err != nil || strings.Contains(report.String(), canary) {
		t.Errorf("check-config shows a secret: %v", err)
	}
	if strings.Contains(log.String(), canary) {
		t.Errorf("the log shows a secret: %s", log.String())
	}
	if !strings.Contains(log.String(), "was not let in") {
		t.Error("a wrong token is not logged")
	}
}

// TestHardening: every answer tells browsers to make nothing else of it.
func TestHardening(t *testing.T) {
	s := newSecond(t, operatetest.New(), func(d *httpapi.Deps) {
		d.Web = func(http.Handler, string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) })
		}
	})
	for target, policy := range map[string]string{
		"/api/clusters":  "default-src 'none'; frame-ancestors 'none'",
		"/api/nosuch":    "default-src 'none'; frame-ancestors 'none'",
		"/api/v2/fleet":  "default-src 'none'; frame-ancestors 'none'",
		"/api/v2/nosuch": "default-src 'none'; frame-ancestors 'none'",
		"/web/clusters":  "script-src 'self'",
	} {
		h := s.do(http.MethodGet, target, "").Header()
		if !strings.Contains(h.Get("Content-Security-Policy"), policy) || strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("%s: policy %q", target, h.Get("Content-Security-Policy"))
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY",
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", target, name, h.Get(name))
			}
		}
	}
}
