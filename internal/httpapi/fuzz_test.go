package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/httpapi"
	"orchestrator/internal/httpapi/v2/v2test"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
)

// conditions are those in which a node may be when it is asked.
var conditions = []func(*operatetest.Backend){
	func(*operatetest.Backend) {},
	func(b *operatetest.Backend) { b.Fail = errors.New("disk full") },
	func(b *operatetest.Backend) { b.Leading, b.Raft = false, true },
	func(b *operatetest.Backend) { b.Conf.ReadOnly = true },
	func(b *operatetest.Backend) { b.Conf.AuthenticationMethod = "proxy" },
	func(b *operatetest.Backend) { b.Conf.AuthenticationMethod = "token" },
	func(b *operatetest.Backend) { b.Conf.PseudoGTIDPattern = "drop view" },
}

// FuzzRequests sends the same nonsense to every route of both generations of the API. None may panic, and whatever is
// refused is refused with a reason, in JSON.
func FuzzRequests(f *testing.F) {
	for n, seed := range []struct{ one, other, query, header, body string }{
		{"db-a1", "3306", "", "", ""},
		{"orders", "db-a2:3306", "limit=3&cursor=YWZ0ZXI6MQ&q=x&page=-1", "Accept-Encoding: gzip", `{"reason":"disks","duration":"1h"}`},
		{"db-a1:3306", "role=backup", "tag=~a,b%3Dc&reason=%0A&dryRun=true", "If-None-Match: *", `{"operation":"relocate","instance":"db-b1","destination":"db-a1","arguments":{}}`},
		{"[::1", "-1", "pattern=(&force=true&comment=x", "Cookie: access-token=x", "[]"},
		{"%2F", "99999999999999999999", "%zz&;", "Sec-Fetch-Site: cross-site", `{"a":`},
		{"//db-a2", "\x00\xff", "seconds=1e9", "X-Forwarded-User: root", "null"},
		{"..", "binlog.000012", "instances=,,:,a:b:c", "Last-Event-ID: 18446744073709551616", `{"cluster":null,"instances":["",":0"]}`},
		{"1", "60", "channel=x&relayOnly=1", "Authorization: Basic Og==", "{}"},
	} {
		for _, condition := range []int{0, 1 + n%(len(conditions)-1)} {
			f.Add(seed.one, seed.other, seed.query, seed.header, seed.body, uint8(condition))
		}
	}
	var old []string
	for _, o := range operate.NewRegistry().Operations() {
		old = append(old, o.Routes...)
	}
	document := newSecond(f, operatetest.New()).document(f)
	f.Fuzz(func(t *testing.T, one, other, query, header, body string, condition uint8) {
		b := operatetest.New()
		conditions[int(condition)%len(conditions)](b)
		s := newSecond(t, b, func(d *httpapi.Deps) { d.Tokens = tokens{} })
		for _, route := range old {
			target := "/api/" + inserted(route, oldParameter, one, other)
			w, ok := s.throw(http.MethodGet, target, query, header, "")
			if ok {
				checkOld(t, "GET "+target+"?"+query, w)
			}
		}
		for _, o := range document.Operations() {
			target := "/api/v2" + inserted(o.Path, newParameter, one, other)
			w, ok := s.throw(o.Method, target, query, header, body)
			if ok {
				checkSecond(t, document, o, target+"?"+query+" "+body, w)
			}
		}
	})
}

var oldParameter, newParameter = regexp.MustCompile(`:\w+`), regexp.MustCompile(`\{\w+\}`)

// inserted puts two texts into the parameters of a route, in turn.
func inserted(route string, parameter *regexp.Regexp, one, other string) string {
	n := 0
	return parameter.ReplaceAllStringFunc(route, func(string) string {
		n++
		if n%2 == 1 {
			return url.PathEscape(one)
		}
		return url.PathEscape(other)
	})
}

// throw sends a request, unless it is none that a server would hand on.
func (s second) throw(method, target, query, header, body string) (*httptest.ResponseRecorder, bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if strings.HasSuffix(target, "/events") {
		ctx, cancel = context.WithTimeout(ctx, time.Millisecond) // a stream has no end of its own
		defer cancel()
	}
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	if err != nil {
		return nil, false
	}
	r.URL.RawQuery, r.RemoteAddr = query, "192.0.2.1:1234"
	r.Header.Set("Content-Type", "application/json")
	if name, value, ok := strings.Cut(header, ": "); ok && !strings.ContainsAny(header, "\r\n\x00") {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w, true
}

// checkOld checks an answer of the first generation.
func checkOld(t *testing.T, request string, w *httptest.ResponseRecorder) {
	t.Helper()
	switch {
	case w.Code < http.StatusInternalServerError:
	case w.Header().Get("Content-Encoding") == "gzip":
	default:
		var e struct{ Code, Message string }
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Code != "ERROR" || strings.TrimSpace(e.Message) == "" {
			t.Errorf("%s: %d without a reason: %v %.500s", request, w.Code, err, w.Body)
		}
	}
}

// checkSecond checks an answer of the second generation.
func checkSecond(t *testing.T, d v2test.Document, o v2test.Operation, request string, w *httptest.ResponseRecorder) {
	t.Helper()
	switch w.Code {
	case http.StatusNotModified, http.StatusMovedPermanently, http.StatusTemporaryRedirect:
		return
	}
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
		return
	}
	if err := d.Answer(o, w.Code, w.Header().Get("Content-Type"), w.Body.Bytes()); err != nil {
		t.Errorf("%s %s: %d: %.700v", o.Method, request, w.Code, err)
	}
}
