package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// runTests bundles each test of the page's parts that need no browser, and has Node run them.
func runTests(root string) error {
	web, err := filepath.Abs(filepath.Join(root, "web"))
	if err != nil {
		return err
	}
	tests, err := filepath.Glob(filepath.Join(web, "test", "*.test.ts"))
	if err != nil || len(tests) == 0 {
		return fmt.Errorf("no tests in web/test (%v)", err)
	}
	out, err := os.MkdirTemp("", "webtest-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)
	result := api.Build(api.BuildOptions{
		AbsWorkingDir: web, EntryPoints: tests, Outdir: out, Bundle: true, Write: true, Format: api.FormatESModule, Platform: api.PlatformNode,
		Target: api.ES2022, JSX: api.JSXAutomatic, JSXImportSource: "preact", OutExtension: map[string]string{".js": ".mjs"},
		Sourcemap: api.SourceMapInline, LogLevel: api.LogLevelWarning,
	})
	if len(result.Errors) > 0 {
		return fmt.Errorf("%d errors", len(result.Errors)) // esbuild has printed them
	}
	built, err := filepath.Glob(filepath.Join(out, "*.test.mjs"))
	if err != nil {
		return err
	}
	node := exec.Command("node", append([]string{"--enable-source-maps", "--test", "--test-reporter=spec"}, built...)...)
	node.Stdout, node.Stderr = os.Stdout, os.Stderr
	return node.Run()
}
