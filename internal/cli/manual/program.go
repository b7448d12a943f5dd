// Package manual describes a program once, and renders the description as completion for shells, as a manual page and
// as a reference page in Markdown. The descriptions of the two programs are made from the registry of operations and
// from their flags, so that what is printed is what there is.
package manual

// Program is all that a person wants to know of a program.
type Program struct {
	Name     string
	Summary  string // one line, as the name section of a manual page has it
	Synopsis []string
	About    string // paragraphs
	Flags    []Flag
	Words    []Flag // what may stand beside the flags, such as http
	Sections []Section
	Environ  []Flag
	Files    []Flag
	Exit     []Flag // exit codes
}

// Flag is a flag with its meaning; Names are without dashes. For what is no flag the first name is the name.
type Flag struct {
	Names   []string
	Value   string // what stands for its value, "" for a switch
	Default string
	Meaning string
}

// Section is a group of commands.
type Section struct {
	Title    string
	Commands []Command
}

// Command is what follows -c.
type Command struct {
	Name     string
	Synonyms []string
	Usage    string // with its arguments
	Summary  string // one line without a full stop
	Details  string
	Example  string
	Routes   []string // of HTTP
}

// Names are those of all commands, synonyms included.
func (p *Program) Names() []string {
	var names []string
	for _, s := range p.Sections {
		for _, c := range s.Commands {
			names = append(append(names, c.Name), c.Synonyms...)
		}
	}
	return names
}
