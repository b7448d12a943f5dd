package manual

import (
	"fmt"
	"slices"
	"strings"
)

// Shells are those that Completion knows.
func Shells() []string { return []string{"bash", "fish", "zsh"} }

// Completion is a script that teaches a shell the program's flags and commands: `source` it, or put it where the shell
// looks for completions.
func (p *Program) Completion(shell string) (string, error) {
	switch shell {
	case "bash":
		return p.bash(), nil
	case "zsh":
		return p.zsh(), nil
	case "fish":
		return p.fish(), nil
	}
	return "", fmt.Errorf("completion for %q is not known: %s are", shell, strings.Join(Shells(), ", "))
}

// dashed are the spellings of a flag.
func (f Flag) dashed() []string {
	names := make([]string, len(f.Names))
	for i, n := range f.Names {
		names[i] = strings.Repeat("-", min(len(n), 2)) + n
	}
	return names
}

func (p *Program) flagNames() []string {
	var names []string
	for _, f := range p.Flags {
		names = append(names, f.dashed()...)
	}
	return names
}

func (p *Program) words() []string {
	var words []string
	for _, w := range p.Words {
		words = append(words, w.Names[0])
	}
	return words
}

// identifier is the program's name as a part of a shell function's.
func (p *Program) identifier() string { return strings.ReplaceAll(p.Name, "-", "_") }

func sorted(list []string) string { return strings.Join(slices.Sorted(slices.Values(list)), " ") }

func (p *Program) bash() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# bash completion for %s\n\n_%s() {\n", p.Name, p.identifier())
	b.WriteString("  local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n  case \"$previous\" in\n")
	fmt.Fprintf(&b, "  -c|--c|-command|--command|help)\n    COMPREPLY=($(compgen -W %s -- \"$current\"))\n    return ;;\n", single(sorted(p.Names())))
	for _, f := range p.Flags {
		if choices := f.choices(); choices != nil {
			fmt.Fprintf(&b, "  %s)\n    COMPREPLY=($(compgen -W %s -- \"$current\"))\n    return ;;\n", strings.Join(f.spellings(), "|"), single(strings.Join(choices, " ")))
		}
		if f.Value == "file" {
			fmt.Fprintf(&b, "  %s)\n    COMPREPLY=($(compgen -f -- \"$current\"))\n    return ;;\n", strings.Join(f.spellings(), "|"))
		}
	}
	fmt.Fprintf(&b, "  esac\n  COMPREPLY=($(compgen -W %s -- \"$current\"))\n}\n\n", single(sorted(append(p.flagNames(), p.words()...))))
	fmt.Fprintf(&b, "complete -F _%s %s\n", p.identifier(), p.Name)
	return b.String()
}

// spellings are a flag with one dash and with two.
func (f Flag) spellings() []string {
	var list []string
	for _, n := range f.Names {
		list = append(list, "-"+n, "--"+n)
	}
	return list
}

// choices are the values of a flag that has few of them.
func (f Flag) choices() []string {
	if slices.Contains(f.Names, "promotion-rule") {
		return []string{"prefer", "neutral", "prefer_not", "must_not"}
	}
	return nil
}

// single puts a text between apostrophes for a shell.
func single(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func (p *Program) zsh() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#compdef %s\n# zsh completion for %s\n\n_%s() {\n  local -a commands\n  commands=(\n", p.Name, p.Name, p.identifier())
	for _, s := range p.Sections {
		for _, c := range s.Commands {
			for _, name := range append([]string{c.Name}, c.Synonyms...) {
				fmt.Fprintf(&b, "    %s\n", single(name+":"+zshText(c.Summary)))
			}
		}
	}
	b.WriteString("  )\n  _arguments -s \\\n")
	for _, f := range p.Flags {
		for _, name := range f.dashed() {
			b.WriteString("    " + single(name+"["+zshText(f.Meaning)+"]"+zshAction(f)) + " \\\n")
		}
	}
	fmt.Fprintf(&b, "    %s\n}\n\n", single("1:word:("+strings.Join(p.words(), " ")+")"))
	fmt.Fprintf(&b, "compdef _%s %s\n", p.identifier(), p.Name)
	return b.String()
}

// zshText is a description in which no sign has a meaning for _arguments.
func zshText(text string) string {
	return strings.NewReplacer("[", "(", "]", ")", ":", ";", "\\", "/", "\n", " ").Replace(text)
}

func zshAction(f Flag) string {
	switch {
	case f.Names[0] == "c":
		return ":command:{_describe command commands}"
	case f.choices() != nil:
		return ":value:(" + strings.Join(f.choices(), " ") + ")"
	case f.Value == "file":
		return ":file:_files"
	case f.Value != "":
		return ":" + zshText(f.Value) + ":"
	}
	return ""
}

func (p *Program) fish() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# fish completion for %s\n\ncomplete -c %s -f\n", p.Name, p.Name)
	for _, w := range p.Words {
		fmt.Fprintf(&b, "complete -c %s -a %s -d %s\n", p.Name, w.Names[0], fishText(w.Meaning))
	}
	for _, f := range p.Flags {
		fmt.Fprintf(&b, "complete -c %s", p.Name)
		for _, n := range f.Names {
			option := "-l"
			if len(n) == 1 {
				option = "-s"
			}
			fmt.Fprintf(&b, " %s %s", option, n)
		}
		switch {
		case f.Names[0] == "c", f.Value == "":
		case f.Value == "file":
			b.WriteString(" -rF")
		case f.choices() != nil:
			fmt.Fprintf(&b, " -x -a %s", single(strings.Join(f.choices(), " ")))
		default:
			b.WriteString(" -x")
		}
		fmt.Fprintf(&b, " -d %s\n", fishText(f.Meaning))
	}
	for _, s := range p.Sections {
		for _, c := range s.Commands {
			for _, name := range append([]string{c.Name}, c.Synonyms...) {
				fmt.Fprintf(&b, "complete -c %s -s c -x -a %s -d %s\n", p.Name, name, fishText(c.Summary))
			}
		}
	}
	return b.String()
}

func fishText(text string) string {
	return single(strings.NewReplacer("\\", "/", "\n", " ").Replace(text))
}
