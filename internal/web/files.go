package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
)

// dist is what `make web` has built.
//
//go:embed dist
var dist embed.FS

// embedded are the files of dist; that they are whole is settled when the program is built.
var embedded = must(readFiles(dist))

func must(f *files, err error) *files {
	if err != nil {
		panic(err)
	}
	return f
}

// manifestName is the file that names those of the built files that the document asks for.
const manifestName = "manifest.json"

// files are the built files.
type files struct {
	byName              map[string]*file
	main, style, worker string
	preload             []string // what main begins with
}

func readFiles(from fs.FS) (*files, error) {
	names, err := fs.Glob(from, "dist/*")
	if err != nil {
		return nil, err
	}
	all := &files{byName: map[string]*file{}}
	for _, name := range names {
		contents, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		all.byName[path.Base(name)] = &file{contents: contents, contentType: contentType(name)}
	}
	manifest, ok := all.byName[manifestName]
	if !ok {
		return nil, errors.New("the web page was not built: " + manifestName + " is missing")
	}
	delete(all.byName, manifestName)
	var entries map[string]string
	if err := json.Unmarshal(manifest.contents, &entries); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestName, err)
	}
	all.main, all.style, all.worker = entries["main.tsx"], entries["style.css"], entries["worker.ts"]
	all.preload = strings.Fields(entries["preload"])
	for _, name := range append([]string{all.main, all.style, all.worker}, all.preload...) {
		if all.byName[name] == nil {
			return nil, fmt.Errorf("%s names %q, which is not there", manifestName, name)
		}
	}
	return all, nil
}

// file is something to serve; it is compressed when somebody asks for that for the first time.
type file struct {
	contents    []byte
	contentType string

	once   sync.Once
	packed []byte
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	contents := f.contents
	if !strings.HasPrefix(f.contentType, "font/") { // fonts are compressed already
		w.Header().Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			f.once.Do(func() { f.packed = compress(f.contents) })
			w.Header().Set("Content-Encoding", "gzip")
			contents = f.packed
		}
	}
	_, _ = w.Write(contents) // the client is gone: nobody to tell
}

// compress packs in memory, where nothing can fail.
func compress(contents []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, written := z.Write(contents)
	if err := errors.Join(written, z.Close()); err != nil {
		panic(err)
	}
	return out.Bytes()
}

func acceptsGzip(r *http.Request) bool {
	for accepted := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(accepted), ";")
		if strings.EqualFold(name, "gzip") && strings.ReplaceAll(quality, " ", "") != "q=0" {
			return true
		}
	}
	return false
}

// contentType goes by the name alone, so that it is the same on every machine.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".woff2":
		return "font/woff2"
	case ".svg":
		return "image/svg+xml"
	case ".json":
		return "application/json"
	}
	return "application/octet-stream"
}
