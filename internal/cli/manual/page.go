package manual

import (
	"fmt"
	"strings"
)

// Page is the program's manual page, for man(1).
func (p *Program) Page() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", strings.ToUpper(p.Name), roff(p.Name), roff(p.Summary))
	for i, s := range p.Synopsis {
		if i > 0 {
			b.WriteString(".br\n")
		}
		b.WriteString(roffLine(s) + "\n")
	}
	b.WriteString(".SH DESCRIPTION\n")
	for i, paragraph := range strings.Split(strings.TrimSpace(p.About), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		b.WriteString(roffLines(paragraph))
	}
	items := func(title string, list []Flag, dashes bool) {
		if len(list) == 0 {
			return
		}
		b.WriteString(".SH " + title + "\n")
		for _, f := range list {
			name := f.Names[0]
			if dashes {
				name = strings.Join(f.dashed(), ", ")
			}
			fmt.Fprintf(&b, ".TP\n\\fB%s\\fR", roff(name))
			if f.Value != "" {
				fmt.Fprintf(&b, " \\fI%s\\fR", roff(f.Value))
			}
			b.WriteString("\n" + roffLines(f.Meaning+initial(f)))
		}
	}
	items("WORDS", p.Words, false)
	items("OPTIONS", p.Flags, true)
	b.WriteString(".SH COMMANDS\n")
	for _, s := range p.Sections {
		fmt.Fprintf(&b, ".SS %s\n", roff(s.Title))
		for _, c := range s.Commands {
			fmt.Fprintf(&b, ".TP\n\\fB%s\\fR\n%s", roff(c.Usage), roffLines(c.Summary+"."))
			if c.Details != "" {
				b.WriteString(roffLines(c.Details))
			}
			if c.Example != "" {
				b.WriteString("Example: \\fI" + roff(c.Example) + "\\fR\n")
			}
			if len(c.Synonyms) > 0 {
				b.WriteString("Also called " + roff(strings.Join(c.Synonyms, ", ")) + ".\n")
			}
		}
	}
	items("EXIT STATUS", p.Exit, false)
	items("ENVIRONMENT", p.Environ, false)
	items("FILES", p.Files, false)
	return b.String()
}

func initial(f Flag) string {
	if f.Default == "" || f.Default == "false" {
		return ""
	}
	return " (default " + f.Default + ")"
}

// roff is a text in which no sign has a meaning for man.
func roff(text string) string {
	return strings.NewReplacer("\\", "\\e", "-", "\\-", "`", "").Replace(text)
}

// roffLine is a line of text, which must not begin like a request.
func roffLine(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return "\\&" + roff(line)
	}
	return roff(line)
}

func roffLines(text string) string {
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		b.WriteString(roffLine(strings.TrimSpace(line)) + "\n")
	}
	return b.String()
}

// Markdown is the reference page of the program.
func (p *Program) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n```\n%s\n```\n", p.Name, strings.TrimSpace(p.About), strings.Join(p.Synopsis, "\n"))
	table := func(title, head string, list []Flag, dashes bool) {
		if len(list) == 0 {
			return
		}
		fmt.Fprintf(&b, "\n## %s\n\n| %s | Meaning |\n| --- | --- |\n", title, head)
		for _, f := range list {
			name := f.Names[0]
			if dashes {
				name = strings.Join(f.dashed(), ", ")
			}
			if f.Value != "" {
				name += " " + f.Value
			}
			fmt.Fprintf(&b, "| `%s` | %s |\n", cell(name), cell(f.Meaning+initial(f)))
		}
	}
	table("Words", "Word", p.Words, false)
	table("Flags", "Flag", p.Flags, true)
	b.WriteString("\n## Commands\n")
	for _, s := range p.Sections {
		fmt.Fprintf(&b, "\n### %s\n", s.Title)
		for _, c := range s.Commands {
			fmt.Fprintf(&b, "\n#### %s\n\n%s.", c.Name, c.Summary)
			if c.Details != "" {
				b.WriteString(" " + strings.TrimSpace(c.Details))
			}
			fmt.Fprintf(&b, "\n\n```\n%s -c %s\n```\n", p.Name, c.Usage)
			if c.Example != "" {
				fmt.Fprintf(&b, "\nExample: `%s`\n", c.Example)
			}
			if len(c.Synonyms) > 0 {
				fmt.Fprintf(&b, "\nAlso called `%s`.\n", strings.Join(c.Synonyms, "`, `"))
			}
			if len(c.Routes) > 0 {
				fmt.Fprintf(&b, "\nHTTP: `/api/%s`\n", strings.Join(c.Routes, "`, `/api/"))
			}
		}
	}
	table("Exit codes", "Code", p.Exit, false)
	table("Environment", "Variable", p.Environ, false)
	table("Files", "File", p.Files, false)
	return b.String()
}

// cell is a text inside a table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(text)
}
