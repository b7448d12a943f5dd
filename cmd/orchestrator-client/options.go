package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// profileFile may set the client's variables for all users of a host.
const profileFile = "/etc/profile.d/orchestrator-client.sh"

// options are what the command line and the environment say.
type options struct {
	command, instance, destination, alias, owner, reason, duration, rule, tag, pool, hostname string
	apis                                                                                      string // one URL or several with blanks between
	path, query, auth, header, binlog, seconds, failure, dataCenter, channel, pattern         string
	topic                                                                                     string // the command that help is wanted on
	dryRun, json                                                                              bool
	defaultPort                                                                               int
}

// optionForm is one option with its names, for parsing and for help.
type optionForm struct {
	names   []string
	to      *string
	initial string
	help    string
}

func (o *options) forms(env environment) []optionForm {
	auth := ""
	if user := env.getenv("ORCHESTRATOR_AUTH_USER"); user != "" {
		auth = user + ":" + env.getenv("ORCHESTRATOR_AUTH_PASSWORD")
	}
	return []optionForm{
		{[]string{"c", "command"}, &o.command, "", "command; -c help lists them"},
		{[]string{"i", "instance"}, &o.instance, env.getenv("ORCHESTRATOR_INSTANCE"), "instance as host[:port], or text to search for (ORCHESTRATOR_INSTANCE)"},
		{[]string{"d", "s", "destination"}, &o.destination, "", "destination instance as host[:port]"},
		{[]string{"a", "alias"}, &o.alias, "", "cluster, by alias or name"},
		{[]string{"o", "owner"}, &o.owner, env.user(), "on whose behalf"},
		{[]string{"r", "reason"}, &o.reason, "", "why"},
		{[]string{"u", "duration"}, &o.duration, "10m", "for how long: 59s, 59m, 23h, 6d, 4w"},
		{[]string{"R", "promotion-rule"}, &o.rule, "", "prefer, neutral, prefer_not or must_not"},
		{[]string{"t", "tag"}, &o.tag, "", "name or name=value; in a search a comma list, ~ negates"},
		{[]string{"l", "pool"}, &o.pool, "", "name of a pool"},
		{[]string{"H", "hostname"}, &o.hostname, "", "host name"},
		{[]string{"U", "api"}, &o.apis, first(env.getenv("ORCHESTRATOR_API"), "http://localhost:3000"), "address of the API, or several with blanks between (ORCHESTRATOR_API)"},
		{[]string{"P", "path"}, &o.path, "", "path for -c api, below /api/"},
		{[]string{"q", "query"}, &o.query, "", "query"},
		{[]string{"b", "auth"}, &o.auth, auth, "user:password (ORCHESTRATOR_AUTH_USER, ORCHESTRATOR_AUTH_PASSWORD)"},
		{[]string{"e", "headers-auth"}, &o.header, env.getenv("ORCHESTRATOR_AUTH_USER_HEADER"), "header that names the user, as Name:user (ORCHESTRATOR_AUTH_USER_HEADER)"},
		{[]string{"n", "binlog"}, &o.binlog, "", "binary log file"},
		{[]string{"F", "failure"}, &o.failure, "", "explain: failure code, as in replication-analysis"},
		{[]string{"dc"}, &o.dataCenter, "", "topology: show the data center: version (right after the version), last, none"},
		{[]string{"channel"}, &o.channel, "", "replication channel of a replica of several sources; default is the one without a name"},
		{[]string{"pattern"}, &o.pattern, "", "which of several replicas: a regular expression on host:port"},
		{[]string{"S", "seconds"}, &o.seconds, "", "seconds"},
	}
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// parseOptions reads the command line; the environment gives the defaults.
func parseOptions(args []string, env environment) (options, error) {
	var o options
	fs := flag.NewFlagSet("orchestrator-client", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	for _, f := range o.forms(env) {
		for _, name := range f.names {
			fs.StringVar(f.to, name, f.initial, f.help)
		}
	}
	fs.BoolVar(&o.dryRun, "dry-run", false, "takeovers, recover: print the plan and change nothing")
	fs.BoolVar(&o.json, "json", false, "print the answer as JSON")
	fs.IntVar(&o.defaultPort, "D", 3306, "port of instances given without one")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	o.command = strings.Replace(o.command, "slave", "replica", 1)
	if o.command == "help" && fs.NArg() == 1 {
		o.topic = strings.Replace(fs.Arg(0), "slave", "replica", 1)
		return o, nil
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: values belong to an option, as in -c topology -a %s", fs.Arg(0), fs.Arg(0))
	}
	return o, nil
}

// profiled lets the assignments of a shell file stand before the environment. Only plain values are understood; what
// a shell would have to work out is left to the environment.
func profiled(file string, getenv func(string) string) func(string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return getenv
	}
	values := assignments(string(text))
	return func(name string) string {
		if v, ok := values[name]; ok {
			return v
		}
		return getenv(name)
	}
}

// assignments reads lines like `export NAME="value"`.
func assignments(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "export "))
		name, value, ok := strings.Cut(line, "=")
		if !ok || !strings.HasPrefix(name, "ORCHESTRATOR_") {
			continue
		}
		value = strings.TrimSpace(value)
		literal := len(value) > 1 && value[0] == '\'' && value[len(value)-1] == '\''
		if literal || len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		if literal || !strings.ContainsAny(value, "$`\\") {
			values[name] = value
		}
	}
	return values
}
