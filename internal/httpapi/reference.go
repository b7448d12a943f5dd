package httpapi

import (
	"fmt"
	"strings"

	"orchestrator/internal/operate"
)

// Reference is the page of all routes, in Markdown.
func Reference(r *operate.Registry) string {
	var b strings.Builder
	b.WriteString(referenceHead)
	section := ""
	for _, o := range r.Operations() {
		if len(o.Routes) == 0 {
			continue
		}
		if o.Section != section {
			section = o.Section
			fmt.Fprintf(&b, "\n## %s\n\n| Path below `/api/` | Queries | Rights | Where | Body | What |\n| --- | --- | --- | --- | --- | --- |\n", section)
		}
		for _, route := range o.Routes {
			queries := ""
			if names := o.Queries(route); len(names) > 0 {
				queries = "`" + strings.Join(names, "`, `") + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", route, queries,
				[]string{operate.Read: "read", operate.Write: "write"}[o.Rights], []string{operate.Leader: "leader", operate.Local: "local"}[o.Place],
				[]string{operate.Envelope: "envelope", operate.Bare: "bare"}[o.Shape], strings.ReplaceAll(o.Summary, "|", `\|`))
		}
	}
	return b.String()
}

const referenceHead = `<!-- Made by make generate; do not edit. -->

# Routes of the HTTP API

All are called with GET, below URLPrefix; a slash at the end is accepted. A parameter is one segment, matched after
decoding; blanks and line feeds around it do not count. A partial host name stands for the only server with that port
whose name contains it. A cluster hint is a cluster's name, its alias, or one of its servers.

*Rights*: read is for all who have signed in, write for those who may change something. *Where*: a request to the leader
is passed on to it, a local one is answered by the node that was asked. *Body*: an envelope is
` + "`{\"Code\": \"OK\"|\"ERROR\", \"Message\": …, \"Details\": …}`" + `; a bare body is the value itself. What fails is
answered with an envelope, and with status 500 whatever the reason.
`
