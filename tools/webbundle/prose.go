package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

var (
	// A text as the bundler prints it, and what stands before it in its line.
	literal = regexp.MustCompile("(?m)^(.*?)(\"(?:[^\"\\\\\n]|\\\\.)*\"|`(?:[^`\\\\]|\\\\.)*`)")
	// What is before a text that is a part of an element, or what one is called by.
	spoken = regexp.MustCompile(`(?:^|[\s{(,])(?:children|title|"aria-label"|label|placeholder|text|means|risk): (?:\[\s*)?$`)
	// What is before a text that is for the browser.
	silent = regexp.MustCompile(`(?:^|[\s{(,])(?:class|style|viewBox|d|href|media|transform|id|kind|topics|path): [^,]*$|` +
		`(?:querySelector(?:All)?|closest|matches|matchMedia|url|get|useResource|ask|send)(?:<[^>]*>)?\(\s*$|import .*$|from $`)
	word   = regexp.MustCompile(`[A-Za-z]{3,}`)
	prose  = regexp.MustCompile(`[A-Za-z]{2,}[,.:;?…]? +[a-z]+`)
	code   = regexp.MustCompile(`^[\[.#&>]|[=\[\]{}|]|^[a-z-]+( [a-z]+-[a-z-]+)*$|^translate\(|^GRANT `)
	filler = regexp.MustCompile(`\$\{[^{}]*\}`)
	// The product's own name and commands, keys, and what is called so in every language.
	proper = regexp.MustCompile(`^(?:orchestrator(?: -c .*)?|(?:Ctrl|Enter|Esc| )+|API|JSON)$`)
)

// spokenTexts are the texts for people in a program, which belong to a file of words. A text of two words is one for people
// wherever it stands; a single one where an element shows it.
func spokenTexts(program string) ([]string, error) {
	result := api.Transform(program, api.TransformOptions{Loader: api.LoaderTSX, JSX: api.JSXAutomatic, JSXImportSource: "preact", LogLevel: api.LogLevelSilent})
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("%s", result.Errors[0].Text)
	}
	var found []string
	for line := range strings.SplitSeq(string(result.Code), "\n") {
		before := ""
		for rest := line; ; {
			m := literal.FindStringSubmatchIndex(rest)
			if m == nil {
				break
			}
			before += rest[m[2]:m[3]]
			quoted := rest[m[4]:m[5]]
			said := filler.ReplaceAllString(quoted[1:len(quoted)-1], " ")
			switch {
			case silent.MatchString(before), proper.MatchString(said):
			case spoken.MatchString(before) && word.MatchString(said), prose.MatchString(said) && !code.MatchString(said):
				found = append(found, quoted)
			}
			before += quoted
			rest = rest[m[5]:]
		}
	}
	return found, nil
}

// misplacedTexts names the texts of the page that stand in a component instead of web/src/words.
func misplacedTexts(web string) error {
	src := filepath.Join(web, "src")
	var found []string
	err := filepath.WalkDir(src, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".ts", ".tsx"}, filepath.Ext(path)) {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, src+string(filepath.Separator)))
		if strings.HasPrefix(name, "words/") || name == "api/types.ts" {
			return nil
		}
		program, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		texts, err := spokenTexts(string(program))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, text := range texts {
			found = append(found, name+": "+text)
		}
		return nil
	})
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("these texts belong to web/src/words\n  %s", strings.Join(found, "\n  "))
	}
	return err
}
