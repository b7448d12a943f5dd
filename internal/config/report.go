package config

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Report writes what Check says as plain text: a heading for each group, a line for each statement with its keys, where what a
// warning is about stands, and a line that would change it where there is one.
func Report(w io.Writer, c *Config, warnings []Warning) error {
	var b strings.Builder
	var group Group
	count := map[Severity]int{}
	for _, s := range Check(c, warnings) {
		if s.Group != group {
			if group != "" {
				b.WriteByte('\n')
			}
			group = s.Group
			fmt.Fprintf(&b, "%s\n", group)
		}
		count[s.Severity]++
		fmt.Fprintf(&b, "  %-8s %s", s.Severity, s.Text)
		if len(s.Keys) > 0 {
			fmt.Fprintf(&b, " [%s]", strings.Join(s.Keys, ", "))
		}
		b.WriteByte('\n')
		if s.Severity == Concern && len(s.Where) > 0 {
			fmt.Fprintf(&b, "  %-8s it stands in: %s\n", "", places(s.Where))
		}
		if s.Example != "" {
			fmt.Fprintf(&b, "  %-8s to change it: %s\n", "", s.Example)
		}
	}
	fmt.Fprintf(&b, "\n%s, %s.\n", counted(count[Concern], "warning"), counted(count[Note], "note"))
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// places names each place once.
func places(where []Spot) string {
	var list []string
	for _, w := range where {
		if text := w.String(); !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return strings.Join(list, ", ")
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
