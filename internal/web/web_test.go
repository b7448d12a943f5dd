package web_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/web"
)

// hostile is a text that would do harm if anything took it for markup.
const hostile = `</script><script>alert(1)</script><img src=x onerror=alert(2)>` + "\u2028'\"`&amp;"

// answers is an API that answers the page's first questions.
func answers(prefix string, seen *[]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen != nil {
			*seen = append(*seen, r.URL.EscapedPath())
		}
		switch r.URL.Path {
		case prefix + "/api/v2/me":
			_ = json.NewEncoder(w).Encode(map[string]string{"name": hostile, "message": hostile})
		case prefix + "/api/v2/fleet":
			_ = json.NewEncoder(w).Encode(map[string]any{"clusters": []map[string]string{{"alias": hostile}}})
		case prefix + "/api/v2/clusters/orders", prefix + "/api/v2/clusters/a/b c":
			_ = json.NewEncoder(w).Encode(map[string]string{"alias": r.URL.Path})
		default:
			http.NotFound(w, r)
		}
	})
}

func get(t *testing.T, h http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var (
	baseOf   = regexp.MustCompile(`<base href="([^"]*)">`)
	bootOf   = regexp.MustCompile(`(?s)<script type="application/json" id="boot">(.*?)</script>`)
	loadedOf = regexp.MustCompile(`(?:src|href)="((?:static/|custom)[^"]*)"`)
)

// TestBaseAtEveryDepth: the document's relative base leads from every address to the page's folder, so that what the page
// loads is found with any prefix, also with one that a proxy has put there and this process never sees.
func TestBaseAtEveryDepth(t *testing.T) {
	h := web.New(web.Options{API: answers("", nil)})
	for _, path := range []string{"clusters", "cluster/orders", "cluster/alias/orders", "cluster/instance/db1/3306", "audit-recovery/cluster/db1:3306/2", "cluster/a%2Fb%20c"} {
		w := get(t, h, "/web/"+path)
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
			t.Fatalf("%s: %d %s", path, w.Code, w.Header())
		}
		for _, prefix := range []string{"", "/orchestrator", "/a/b/c"} {
			at, err := url.Parse("https://proxy" + prefix + "/web/" + path)
			if err != nil {
				t.Fatal(err)
			}
			base, err := at.Parse(baseOf.FindStringSubmatch(w.Body.String())[1])
			if err != nil {
				t.Fatal(err)
			}
			if base.Path != prefix+"/web/" {
				t.Errorf("%s%s: the base is %s", prefix, path, base.Path)
			}
		}
	}
}

// TestLoadedFilesExist: everything that the document loads is there.
func TestLoadedFilesExist(t *testing.T) {
	h := web.New(web.Options{API: answers("", nil)})
	names := loadedOf.FindAllStringSubmatch(get(t, h, "/web/clusters").Body.String(), -1)
	if len(names) < 4 {
		t.Fatalf("the document loads %v", names)
	}
	for _, m := range names {
		if w := get(t, h, "/web/"+m[1]); w.Code != http.StatusOK {
			t.Errorf("%s: %d", m[1], w.Code)
		}
	}
}

// TestBootBlock: the first data is in the document, for the caller, as data that no text in it can leave.
func TestBootBlock(t *testing.T) {
	var seen []string
	h := web.New(web.Options{API: answers("/pre", &seen), Prefix: "/pre"})
	text := get(t, h, "/web/cluster/a%2Fb%20c").Body.String()
	m := bootOf.FindStringSubmatch(text)
	if m == nil {
		t.Fatal("there is no boot block")
	}
	if strings.ContainsAny(m[1], "<>\u2028") {
		t.Errorf("markup in the boot block: %s", m[1])
	}
	var boot struct {
		Me      struct{ Name, Message string }
		Fleet   struct{ Clusters []struct{ Alias string } }
		Cluster struct{ Alias string }
		Worker  string
		Custom  bool
	}
	if err := json.Unmarshal([]byte(m[1]), &boot); err != nil {
		t.Fatal(err)
	}
	if boot.Me.Name != hostile || boot.Fleet.Clusters[0].Alias != hostile || boot.Cluster.Alias != "/pre/api/v2/clusters/a/b c" || boot.Custom {
		t.Errorf("%+v", boot)
	}
	if strings.Count(text, "<script") != 3 {
		t.Errorf("the document has other scripts than its own:\n%s", text)
	}
	if w := get(t, h, "/web/"+boot.Worker); w.Code != http.StatusOK {
		t.Errorf("the worker: %d", w.Code)
	}
	if want := "/pre/api/v2/clusters/a%2Fb%20c"; seen[len(seen)-1] != want {
		t.Errorf("the API was asked for %s, not for %s", seen, want)
	}
}

// TestWithoutAnswers: a page whose first questions fail is served all the same, and asks for itself.
func TestWithoutAnswers(t *testing.T) {
	h := web.New(web.Options{API: http.NotFoundHandler()})
	w := get(t, h, "/web/cluster/orders")
	if m := bootOf.FindStringSubmatch(w.Body.String()); w.Code != http.StatusOK || m == nil || !strings.Contains(m[1], `"me":null,"fleet":null,"cluster":null`) {
		t.Errorf("%d %s", w.Code, m)
	}
}

// TestDocumentIsOfTheCaller: what the document holds is for one caller at one moment.
func TestDocumentIsOfTheCaller(t *testing.T) {
	if w := get(t, web.New(web.Options{API: answers("", nil)}), "/web/clusters"); w.Header().Get("Cache-Control") != "no-store" {
		t.Error(w.Header())
	}
}

func TestFilesAreKeptForEver(t *testing.T) {
	h := web.New(web.Options{API: answers("", nil)})
	for _, m := range loadedOf.FindAllStringSubmatch(get(t, h, "/web/clusters").Body.String(), -1) {
		if !strings.HasPrefix(m[1], "static/") {
			continue
		}
		plain := get(t, h, "/web/"+m[1])
		packed := get(t, h, "/web/"+m[1], "Accept-Encoding", "br, gzip")
		if c := plain.Header().Get("Cache-Control"); c != "public, max-age=31536000, immutable" {
			t.Errorf("%s: %s", m[1], c)
		}
		if plain.Header().Get("Content-Encoding") != "" || plain.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %s", m[1], plain.Header())
		}
		if packed.Header().Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %s", m[1], packed.Header())
		}
		z, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil || string(text) != plain.Body.String() {
			t.Errorf("%s: packed and plain differ (%v)", m[1], err)
		}
		if refused := get(t, h, "/web/"+m[1], "Accept-Encoding", "gzip;q=0"); refused.Header().Get("Content-Encoding") != "" {
			t.Errorf("%s is packed for one who refuses that", m[1])
		}
	}
	if w := get(t, h, "/web/static/nothing-here.js"); w.Code != http.StatusNotFound || w.Header().Get("Cache-Control") != "" {
		t.Errorf("%d %s", w.Code, w.Header())
	}
}

// TestSize holds what the page may weigh, packed: what comes before the first paint, and all scripts and styles.
func TestSize(t *testing.T) {
	const firstAtMost, allAtMost = 90_000, 150_000
	h := web.New(web.Options{API: answers("", nil)})
	weigh := func(name string) int {
		return get(t, h, "/web/static/"+name, "Accept-Encoding", "gzip").Body.Len()
	}
	entries, err := os.ReadDir("dist")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("dist/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	var names map[string]string
	if err := json.Unmarshal(text, &names); err != nil {
		t.Fatal(err)
	}
	// What the document names: the style, the first script, and the pieces that it imports.
	before := append(strings.Fields(names["preload"]), names["main.tsx"], names["style.css"])
	first, all, seen := 0, 0, 0
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if ext != ".js" && ext != ".css" {
			continue
		}
		size := weigh(e.Name())
		all += size
		if slices.Contains(before, e.Name()) {
			first += size
			seen++
		}
	}
	if seen != len(before) {
		t.Errorf("of %v only %d are there", before, seen)
	}
	t.Logf("%d bytes before the first paint, %d in all", first, all)
	if first > firstAtMost || all > allAtMost {
		t.Errorf("%d bytes come before the first paint, of %d; %d in all, of %d", first, firstAtMost, all, allAtMost)
	}
}

// oldAddresses are those of the former versions of the page: bookmarks and links in alerts.
var oldAddresses = []string{
	"clusters", "clusters-analysis", "cluster/db1:3306", "cluster/alias/orders", "cluster/instance/db1/3306", "cluster-pools/orders",
	"search", "search?s=db", "search/db", "discover", "audit", "audit/3", "audit/instance/db1/3306", "audit/instance/db1/3306/1",
	"audit-failure-detection", "audit-failure-detection/1", "audit-failure-detection/id/7", "audit-failure-detection/alias/orders", "audit-failure-detection/alias/orders/1",
	"audit-recovery", "audit-recovery/1", "audit-recovery/id/7", "audit-recovery/uid/1795179307067400319:ef24", "audit-recovery/cluster/db1:3306",
	"audit-recovery/cluster/db1:3306/1", "audit-recovery/alias/orders", "audit-recovery/alias/orders/1", "audit-recovery-steps/1795179307067400319:ef24",
	"agents", "agent/db1", "seeds", "seed-details/1", "status", "about", "home", "faq", "keep-calm",
}

func TestOldAddressesAnswer(t *testing.T) {
	h := web.New(web.Options{API: answers("", nil)})
	for _, path := range oldAddresses {
		if w := get(t, h, "/web/"+path); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `id="app"`) {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	for from, to := range map[string]string{"/": "web/clusters", "/web": "web/clusters", "/web/": "clusters"} {
		if w := get(t, h, from); w.Code != http.StatusFound || w.Header().Get("Location") != to {
			t.Errorf("%s: %d %s", from, w.Code, w.Header())
		}
	}
}

// TestCustomFiles: what an installation adds is served, and the page knows of it; without any, empty files are.
func TestCustomFiles(t *testing.T) {
	dir := t.TempDir()
	h := web.New(web.Options{API: answers("", nil), CustomDir: dir})
	if w := get(t, h, "/web/custom.js"); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if strings.Contains(get(t, h, "/web/about").Body.String(), `"custom":true`) {
		t.Error("the page thinks that it was added to")
	}
	for name, kind := range map[string]string{"custom.css": "text/css; charset=utf-8", "custom.js": "text/javascript; charset=utf-8"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
		w := get(t, h, "/web/"+name)
		if w.Body.String() != "of "+name || w.Header().Get("Content-Type") != kind || w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %s %s", name, w.Body, w.Header())
		}
	}
	if !strings.Contains(get(t, h, "/web/about").Body.String(), `"custom":true`) {
		t.Error("the page does not know that it was added to")
	}
}
