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

// forbidden is what takes text for markup or for a program. All that the page shows is text of servers and people.
var forbidden = regexp.MustCompile(`\b(?:innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|srcdoc|setHTMLUnsafe|parseFromString|createContextualFragment)\b` +
	`|\bdocument\.write(?:ln)?\b|\beval\(|\bnew Function\(|\bset(?:Timeout|Interval)\(\s*["'\x60]|\bhref="javascript:|\bstyle="`)

// policy is where a policy of trusted types is made: there is one, for the worker's own address.
var policy = regexp.MustCompile(`\bcreatePolicy\?{0,1}\.{0,1}\(`)

// policies is the file that makes it.
const policies = "api/events.ts"

// harmful names what of a program is forbidden.
func harmful(name, program string) []string {
	found := forbidden.FindAllString(program, -1)
	if made := len(policy.FindAllString(program, -1)); name == policies && made > 1 || name != policies && name != "globals.d.ts" && made > 0 {
		found = append(found, "createPolicy")
	}
	return found
}

// forbiddenTexts names what is forbidden in the sources of the page.
func forbiddenTexts(web string) error {
	src := filepath.Join(web, "src")
	var found []string
	err := filepath.WalkDir(src, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".ts", ".tsx"}, filepath.Ext(path)) {
			return err
		}
		program, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, src+string(filepath.Separator)))
		for _, what := range harmful(name, string(program)) {
			found = append(found, name+": "+what)
		}
		return nil
	})
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("these take text for markup or for a program, or loosen the policy of the page\n  %s", strings.Join(found, "\n  "))
	}
	return err
}
