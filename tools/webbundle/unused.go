package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// sources are the texts of the page, by what they are.
type sources struct {
	styles, program, words, tests string
}

var (
	comment  = regexp.MustCompile(`(?s)/\*.*?\*/`)
	selector = regexp.MustCompile(`([^{};]+)\{`)
	class    = regexp.MustCompile(`\.(-?[A-Za-z_][\w-]*)`)
	stateOf  = regexp.MustCompile(`\[data-state="?([\w-]+)"?\]`)
	token    = regexp.MustCompile(`[A-Za-z_][\w-]*`)
	prefix   = regexp.MustCompile(`([A-Za-z][\w-]*-)\$\{`)
	exported = regexp.MustCompile(`(?m)^export (?:async )?(?:const|function|type|class) (\w+)`)
	wordKey  = regexp.MustCompile(`(?m)^ +(\w+): [("\x60]`)
)

// unused names what is styled, exported or worded and nothing of the page uses.
func unused(web string) error {
	s, err := read(filepath.Join(web, "src"))
	if err != nil {
		return err
	}
	if s.tests, err = textOf(filepath.Join(web, "test"), ".ts"); err != nil {
		return err
	}
	var found []string
	found = append(found, s.deadStyles()...)
	found = append(found, s.deadExports()...)
	found = append(found, s.deadWords()...)
	if len(found) > 0 {
		return fmt.Errorf("nothing uses\n  %s", strings.Join(found, "\n  "))
	}
	return nil
}

func read(src string) (s sources, err error) {
	if s.styles, err = textOf(src, ".css"); err != nil {
		return s, err
	}
	if s.program, err = textOf(src, ".ts", ".tsx"); err != nil {
		return s, err
	}
	s.words, err = textOf(filepath.Join(src, "words"), ".ts")
	return s, err
}

// textOf is what the files below a folder say, those made from the API's document excepted.
func textOf(folder string, endings ...string) (string, error) {
	var all strings.Builder
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains(endings, filepath.Ext(path)) || strings.HasSuffix(path, filepath.Join("api", "types.ts")) {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		all.WriteByte('\n')
		return err
	})
	return all.String(), err
}

// deadStyles are classes and states in selectors that no component has. A class that is put together, as in `m-${status}`,
// counts as had.
func (s *sources) deadStyles() (found []string) {
	has := map[string]bool{}
	for _, t := range token.FindAllString(s.program, -1) {
		has[t] = true
	}
	var begins []string
	for _, m := range prefix.FindAllStringSubmatch(s.program, -1) {
		begins = append(begins, m[1])
	}
	used := func(name string) bool {
		return has[name] || slices.ContainsFunc(begins, func(begin string) bool { return strings.HasPrefix(name, begin) })
	}
	for _, rule := range selector.FindAllStringSubmatch(comment.ReplaceAllString(s.styles, ""), -1) {
		for _, m := range class.FindAllStringSubmatch(rule[1], -1) {
			if !used(m[1]) {
				found = append(found, "the class ."+m[1])
			}
		}
		for _, m := range stateOf.FindAllStringSubmatch(rule[1], -1) {
			if !has[m[1]] {
				found = append(found, "the state "+m[1])
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// deadExports are exported names that stand nowhere but where they are declared.
func (s *sources) deadExports() (found []string) {
	count := map[string]int{}
	for _, t := range token.FindAllString(s.program+s.tests, -1) {
		count[t]++
	}
	for _, m := range exported.FindAllStringSubmatch(s.program, -1) {
		if count[m[1]] < 2 {
			found = append(found, "the export "+m[1])
		}
	}
	return found
}

// deadWords are texts of web/src/words that nothing shows.
func (s *sources) deadWords() (found []string) {
	shown := map[string]bool{}
	for _, t := range token.FindAllString(strings.ReplaceAll(s.program, s.words, ""), -1) {
		shown[t] = true
	}
	for _, m := range wordKey.FindAllStringSubmatch(s.words, -1) {
		if !shown[m[1]] {
			found = append(found, "the text "+m[1])
		}
	}
	return found
}
