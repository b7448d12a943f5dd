// Command webbundle builds the web page: TypeScript and style sheets under web/src become the files under internal/web/dist,
// which are committed and embedded into the program. The same sources always give the same bytes.
//
// It lives in the module of the tools, so that neither the bundler nor what it needs is part of the product.
//
//	go run -C tools ./webbundle          writes the files
//	go run -C tools ./webbundle -check   fails when the committed files are not what the sources give, or the sources hold what nothing uses,
//	                                      or texts outside the files of words, or what takes text for markup or for a program
//	go run -C tools ./webbundle -test    runs the tests of web/test with the test runner of Node
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	check := flag.Bool("check", false, "compare with what is there instead of writing")
	test := flag.Bool("test", false, "run the tests instead of writing")
	flag.Parse()
	work := func() error { return run("..", *check) }
	if *test {
		work = func() error { return runTests("..") }
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "webbundle:", err)
		os.Exit(1)
	}
}

// entries are what the page loads by name; the rest are chunks that they import when needed.
var entries = []string{"main.tsx", "style.css", "worker.ts"}

// manifestName is the file that tells internal/web the hashed names of the entries.
const manifestName = "manifest.json"

func run(root string, check bool) error {
	if _, err := os.Stat(filepath.Join(root, "web", "node_modules", "preact")); err != nil {
		return errors.New("web/node_modules is missing; run script/install-web")
	}
	files, err := bundle(filepath.Join(root, "web"))
	if err != nil {
		return err
	}
	dist := filepath.Join(root, "internal", "web", "dist")
	if check {
		web := filepath.Join(root, "web")
		return errors.Join(compare(dist, files), unused(web), misplacedTexts(web), forbiddenTexts(web))
	}
	return write(dist, files)
}

// bundle returns the built files by their names.
func bundle(web string) (map[string][]byte, error) {
	web, err := filepath.Abs(web)
	if err != nil {
		return nil, err
	}
	options := api.BuildOptions{
		AbsWorkingDir:     web,
		Outdir:            filepath.Join(web, "dist"), // in memory only
		Bundle:            true,
		Splitting:         true,
		Format:            api.FormatESModule,
		Platform:          api.PlatformBrowser,
		Target:            api.ES2022,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsEndOfFile,
		JSX:               api.JSXAutomatic,
		JSXImportSource:   "preact",
		EntryNames:        "[name]-[hash]",
		ChunkNames:        "[name]-[hash]",
		AssetNames:        "[name]-[hash]",
		Loader:            map[string]api.Loader{".woff2": api.LoaderFile, ".svg": api.LoaderText},
		Metafile:          true,
		LogLevel:          api.LogLevelWarning,
	}
	for _, entry := range entries {
		options.EntryPoints = append(options.EntryPoints, filepath.Join("src", entry))
	}
	result := api.Build(options)
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("%d errors", len(result.Errors)) // esbuild has printed them
	}
	files := map[string][]byte{}
	for _, file := range result.OutputFiles {
		files[filepath.Base(file.Path)] = file.Contents
	}
	manifest, err := manifest(result.Metafile)
	files[manifestName] = manifest
	return files, err
}

// manifest maps each entry to the name of its file, and preload to those of the chunks that the first script begins with.
func manifest(metafile string) ([]byte, error) {
	var meta struct {
		Outputs map[string]struct {
			EntryPoint string `json:"entryPoint"`
			Imports    []struct {
				Path string `json:"path"`
				Kind string `json:"kind"`
			} `json:"imports"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for output, about := range meta.Outputs {
		if entry := strings.TrimPrefix(about.EntryPoint, "src/"); slices.Contains(entries, entry) {
			names[entry] = filepath.Base(output)
			if entry != entries[0] {
				continue
			}
			var chunks []string
			for _, i := range about.Imports {
				if i.Kind == "import-statement" {
					chunks = append(chunks, filepath.Base(i.Path))
				}
			}
			slices.Sort(chunks)
			names["preload"] = strings.Join(slices.Compact(chunks), " ")
		}
	}
	text, err := json.MarshalIndent(names, "", "  ")
	return append(text, '\n'), err
}

func write(dist string, files map[string][]byte) error {
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	for name, contents := range files {
		if err := os.WriteFile(filepath.Join(dist, name), contents, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func compare(dist string, files map[string][]byte) error {
	var differ []string
	for name, contents := range files {
		there, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err != nil || !bytes.Equal(there, contents) {
			differ = append(differ, name)
		}
	}
	entries, err := os.ReadDir(dist)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, ok := files[e.Name()]; !ok {
			differ = append(differ, e.Name())
		}
	}
	if len(differ) > 0 {
		slices.Sort(differ)
		return fmt.Errorf("internal/web/dist is not what web/src gives; run make web. Different: %s", strings.Join(slices.Compact(differ), ", "))
	}
	fmt.Printf("internal/web/dist is current: %d files, of them %s\n", len(files), strings.Join(slices.Sorted(maps.Keys(files)), ", "))
	return nil
}
