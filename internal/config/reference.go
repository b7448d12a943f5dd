package config

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"strings"
)

// WriteReference writes the reference page of all keys (docs/configuration.md) as Markdown.
func WriteReference(w io.Writer) error {
	var b strings.Builder
	b.WriteString(referenceHead())
	for _, s := range sections() {
		fmt.Fprintf(&b, "\n### %s\n\n| Key | Type | Default | Reload | Meaning |\n| --- | --- | --- | --- | --- |\n", s.title)
		for _, k := range s.keys {
			fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s | %s |\n", k.Name, typeName(k), defaultText(k), k.Reload, cell(k.Meaning+remarks(k)))
		}
	}
	b.WriteString("\n## Removed keys\n\nFiles of older versions may hold these keys. They have no effect, and each is reported with a warning:\n")
	for i, name := range RemovedKeys() {
		separator := ",\n"
		if i == 0 {
			separator = "\n"
		}
		fmt.Fprintf(&b, "%s`%s`", separator, name)
	}
	b.WriteString(".\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write reference: %w", err)
	}
	return nil
}

// cell makes text safe inside a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func remarks(k Key) string {
	var b strings.Builder
	if k.Status == Legacy {
		fmt.Fprintf(&b, " *Write `%s` instead.*", k.Instead)
	}
	if k.Status == Planned {
		b.WriteString(" **Accepted; without effect in this version.**")
	}
	if k.Status == Settled {
		fmt.Fprintf(&b, " **Accepted; without effect:** %s.", k.Settled)
	}
	if k.Alias != "" {
		fmt.Fprintf(&b, " May also be written `%s`.", k.Alias)
	}
	if k.OneOf != nil {
		fmt.Fprintf(&b, " Known values: `%s`; another one is reported and amounts to: %s.", strings.ReplaceAll(quotedList(k.OneOf), ", ", "`, `"), k.Otherwise)
	}
	b.WriteString(rangeRemark(k.Range))
	if k.Secret {
		b.WriteString(" Masked where configuration is shown.")
	}
	return b.String()
}

func rangeRemark(r *Range) string {
	switch {
	case r == nil:
		return ""
	case r.Raise:
		return fmt.Sprintf(" A smaller value than %d counts as %d.", r.Min, r.Min)
	case r.Max == math.MaxInt64:
		return fmt.Sprintf(" Refused below %d.", r.Min)
	default:
		return fmt.Sprintf(" Refused outside %d to %d.", r.Min, r.Max)
	}
}

func fieldType(k Key) reflect.Type {
	f, _ := reflect.TypeFor[Config]().FieldByName(k.Name)
	return f.Type
}

func typeName(k Key) string {
	switch fieldType(k).Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Uint:
		return "integer ≥ 0"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "integer"
	case reflect.Float32:
		return "number"
	case reflect.Slice:
		return "list of strings"
	case reflect.Map:
		return "object of strings"
	default:
		return "string"
	}
}

func defaultText(k Key) string {
	value := reflect.ValueOf(k.Default)
	if value.Kind() == reflect.Slice && value.Len() == 0 {
		return "[]"
	}
	out, err := json.Marshal(k.Default)
	if err != nil {
		return fmt.Sprint(k.Default)
	}
	return string(out)
}

func referenceHead() string {
	return strings.ReplaceAll(fmt.Sprintf(`# Configuration

<!-- Generated from internal/config by "go generate ./internal/config"; do not edit. -->

A configuration is one JSON object. Five lines are enough for a safe, working service:

'''json
{ "MySQLTopologyUser": "orchestrator",
  "MySQLTopologyPassword": "${ORCHESTRATOR_TOPOLOGY_PASSWORD}",
  "DiscoverySeeds": ["db1.example.com:3306"],
  "RecoverMasterClusterFilters": ["*"]
}
'''

It probes the servers that replicate from or to db1 and replaces a failed primary. State is kept in SQLite, and the API
listens on this machine only. 'orchestrator -c check-config' says in words what a configuration will and will not do.

## Files

'-config FILE' names the only file to read. Without it these are read, each laid over the ones before it, as far as they
exist: %s (the last two relative to the working directory). Without any of them the service runs on defaults.

* Only the first JSON value of a file counts. There are no comments.
* Key names match exactly, or else without regard to letter case. A newer spelling given below means the same key.
* A later file replaces values. Lists are replaced as a whole; 'ClusterNameToAlias' is merged entry by entry.
* Each file must make sense together with the ones before it.
* Unknown, removed and ineffective keys are reported with a warning, unknown ones with the closest known key.
* Keys marked as *accepted; without effect in this version* are read and checked, so that a file need not be cut down. One
  warning names all of them that have another value than their default.
* A regular expression that does not compile is reported with a warning; it never matches. The syntax is RE2, that of Go.
* Any other wrong value is an error that names file, key and remedy, and the service does not start.

On SIGHUP, or on 'reload-configuration' through the API, the same files are read again and laid over the values in force:
a key that was removed from a file keeps its value. When anything is wrong nothing changes. The column *Reload* says
whether a new value takes effect at once (yes), after a restart (restart), or for what is opened or started later (partly).

## Passwords and environment variables

A value that is '${NAME}' as a whole is replaced by the environment variable NAME. It is an error when that is not set,
except for 'MySQLOrchestratorPassword' and 'MySQLTopologyPassword', which are then empty, with a warning. Entries of lists
and values of objects are replaced as well, but not the commands of hooks (keys ending in 'Processes'), which the shell
expands. '$${NAME}' stands for the text '${NAME}'.

'MySQLOrchestratorCredentialsConfigFile' and 'MySQLTopologyCredentialsConfigFile' name option files like my.cnf:

'''ini
[client]
user = orchestrator
password = "secret # with any character"
'''

## Keys
`, "'"+strings.Join(DefaultFiles(), "', '")+"'"), "'", "`")
}
