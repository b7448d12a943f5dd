package web

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed document.html
var documentText string

var documentTemplate = template.Must(template.New("document").Parse(documentText))

// boot is the first data of the page. It stands in the document as a data block, which no browser runs.
type boot struct {
	Me      json.RawMessage `json:"me"`
	Fleet   json.RawMessage `json:"fleet"`
	Cluster json.RawMessage `json:"cluster,omitempty"` // that the address names, if it names one
	Worker  string          `json:"worker"`            // address of the worker's script, from the base
	Custom  bool            `json:"custom,omitempty"`  // the installation has added to the page
}

// document serves the page. Every address has the same document; which screen it shows, the page reads from the address.
func (p *page) document(w http.ResponseWriter, r *http.Request) {
	first := boot{Me: p.fetch(r, "me"), Fleet: p.fetch(r, "fleet"), Worker: static + p.files.worker, Custom: p.customised()}
	if cluster := clusterOf(r.URL.EscapedPath()); cluster != "" {
		first.Cluster = p.fetch(r, "clusters/"+cluster)
	}
	text, err := json.Marshal(first) // escapes < and >
	var out bytes.Buffer
	if err == nil {
		err = documentTemplate.Execute(&out, map[string]any{
			"Base": base(r.URL.EscapedPath()), "Main": static + p.files.main, "Style": static + p.files.style, "Static": static, "Preload": p.files.preload, "Boot": template.JS(text),
		})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	(&file{contents: out.Bytes(), contentType: h.Get("Content-Type")}).serve(w, r)
}

// base is the way from an address of the page, escaped as it came, to the page's folder. It is relative, so that it holds
// behind a proxy that rewrites the prefix.
func base(path string) string {
	if depth := strings.Count(strings.TrimPrefix(path, folder), "/"); depth > 0 {
		return strings.Repeat("../", depth)
	}
	return "./"
}

// clusterOf is the cluster, or the member of one, that an address names, both escaped; "" when it names none.
func clusterOf(path string) string {
	rest, ok := strings.CutPrefix(path, folder+"cluster/")
	if !ok {
		return ""
	}
	switch parts := strings.Split(rest, "/"); {
	case parts[0] == "alias" && len(parts) == 2:
		return parts[1]
	case parts[0] == "instance" && len(parts) == 3:
		return parts[1] + "%3A" + parts[2]
	case len(parts) == 1:
		return parts[0]
	}
	return ""
}

// fetch asks the API on behalf of the one who asked for the page. What it does not answer is null: the page then asks
// for it itself, and learns why.
func (p *page) fetch(r *http.Request, what string) json.RawMessage {
	asked := r.Clone(r.Context())
	escaped := p.Prefix + "/api/v2/" + what
	path, err := url.PathUnescape(escaped)
	if err != nil {
		return json.RawMessage("null")
	}
	asked.Method, asked.RequestURI = http.MethodGet, escaped
	asked.URL = &url.URL{Path: path, RawPath: escaped}
	asked.Header.Del("If-None-Match")
	asked.Header.Del("Accept-Encoding")
	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	p.API.ServeHTTP(answer, asked)
	if answer.status != http.StatusOK || !json.Valid(answer.body.Bytes()) {
		return json.RawMessage("null")
	}
	return answer.body.Bytes()
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	body   bytes.Buffer
	status int
}

func (r *recorder) Header() http.Header            { return r.header }
func (r *recorder) WriteHeader(status int)         { r.status = status }
func (r *recorder) Write(text []byte) (int, error) { return r.body.Write(text) }
