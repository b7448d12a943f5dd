package web

import (
	"net/http"
	"os"
	"path"
	"path/filepath"
)

// Options are what the page is served with.
type Options struct {
	// API answers the requests for the page's first data, behind the authentication that the page's own request has
	// passed. It sees paths that begin with Prefix.
	API http.Handler
	// Prefix is URLPrefix: empty, or with a slash at its beginning and none at its end.
	Prefix string
	// CustomDir may hold custom.css and custom.js of the installation; empty: there are none.
	CustomDir string
}

// folder is where the page is, below Prefix; static is where its files are, below folder.
const (
	folder = "/web/"
	static = "static/"
)

// New makes the handler of the page. It sees paths without Prefix: everything below /web/, and / itself.
func New(o Options) http.Handler {
	p := &page{Options: o, files: embedded}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.start)
	mux.HandleFunc("GET /web", p.start)
	mux.HandleFunc("GET /web/{$}", p.start)
	mux.HandleFunc("GET "+folder+static+"{name}", p.file)
	for _, name := range customFiles {
		mux.HandleFunc("GET "+folder+name, p.custom)
	}
	mux.HandleFunc("GET "+folder, p.document)
	return mux
}

type page struct {
	Options
	files *files
}

// start leads to the first screen, by a relative address: it holds behind any proxy that rewrites the prefix.
func (p *page) start(w http.ResponseWriter, r *http.Request) {
	to := "web/clusters"
	if r.URL.Path == folder {
		to = "clusters"
	}
	// Not http.Redirect, which would make the address absolute, without what a proxy has taken away.
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
}

// file serves a built file. Its name changes with its contents, so it may be kept for ever.
func (p *page) file(w http.ResponseWriter, r *http.Request) {
	f, ok := p.files.byName[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	f.serve(w, r)
}

// customFiles are what an installation may add to the page.
var customFiles = []string{"custom.css", "custom.js"}

// custom serves a file of the installation; an empty one where there is none, since the page asks for both.
func (p *page) custom(w http.ResponseWriter, r *http.Request) {
	name := path.Base(r.URL.Path)
	contents, err := p.customFile(name)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Content-Type", contentType(name))
	_, _ = w.Write(contents) // the client is gone: nobody to tell
}

// customised says whether the installation has added anything. A file that cannot be read counts: its request says why.
func (p *page) customised() bool {
	for _, name := range customFiles {
		if contents, err := p.customFile(name); err != nil || len(contents) > 0 {
			return true
		}
	}
	return false
}

// customFile reads a file of the installation; empty when there is none.
func (p *page) customFile(name string) ([]byte, error) {
	if p.CustomDir == "" {
		return nil, nil
	}
	contents, err := os.ReadFile(filepath.Join(p.CustomDir, name))
	if os.IsNotExist(err) {
		return nil, nil
	}
	return contents, err
}
