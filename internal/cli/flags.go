package cli

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// Options are the flags of the command line.
type Options struct {
	Command     string // -c
	ConfigFile  string // -config
	Instances   string // -i, a list
	Destination string // -d or -s
	Alias       string
	Owner       string
	Reason      string
	Duration    string
	Pattern     string
	Pool        string
	Hostname    string
	Tag         string
	Rule        string // -promotion-rule
	Binlog      string
	Statement   string
	From        string

	Strict                     bool
	Discovery                  bool
	Quiet, Verbose, Debug      bool
	Stack                      bool
	NoOperation                bool // -noop
	SkipBinlogSearch           bool
	SkipUnresolve              bool
	SkipUnresolveCheck         bool
	GrabElection               bool
	Version                    bool
	SkipContinuousRegistration bool
	EnableDatabaseUpdate       bool
	IgnoreRaftSetup            bool

	Failure    string // -failure
	Channel    string // -channel
	DryRun     bool   // -dry-run: say what would be done
	JSON       bool   // -json: results as JSON
	DataCenter string // -dc: where to show the data center in topologies

	// Words are the words beside the flags: `http`, `cli`, `help` and its topic.
	Words []string
}

// parseFlags reads the flags before, between and after the words. Usage goes to out, as package flag writes it.
func parseFlags(args []string, out io.Writer) (Options, error) {
	var o Options
	fs, sibling := newFlagSet(&o, out)
	for {
		if err := fs.Parse(args); err != nil {
			return o, err
		}
		if fs.NArg() == 0 {
			break
		}
		o.Words = append(o.Words, fs.Arg(0))
		args = fs.Args()[1:]
	}
	if *sibling != "" && o.Destination != "" {
		return o, &usageError{errors.New("-s and -d are synonyms, yet both were given: give only one of them")}
	}
	if o.Destination == "" {
		o.Destination = *sibling
	}
	if _, err := topology.ParseRegisteredPromotionRule(o.Rule); err != nil {
		return o, &usageError{fmt.Errorf("-promotion-rule: %w", err)}
	}
	return o, nil
}

func newFlagSet(o *Options, out io.Writer) (fs *flag.FlagSet, sibling *string) {
	fs = flag.NewFlagSet("orchestrator", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.Usage = func() { printUsage(fs, out) }
	for _, f := range []struct {
		to                   *string
		name, initial, usage string
	}{
		{&o.Command, "c", "", "`command` to run; 'orchestrator -c help' lists them"},
		{&o.ConfigFile, "config", "", "configuration `file`"},
		{&o.Instances, "i", "", "`instances` as host or host:port, several with commas between; this host when not given"},
		{&o.Destination, "d", "", "destination `instance`, as host or host:port (synonym of -s)"},
		{&o.Alias, "alias", "", "cluster, by alias or `name`"},
		{&o.Owner, "owner", "", "on whose behalf; the OS `user` when not given"},
		{&o.Reason, "reason", "", "`why` a downtime, a maintenance or an acknowledgement is made"},
		{&o.Duration, "duration", "", "`duration` of a downtime or maintenance: 59s, 59m, 23h, 6d, 4w"},
		{&o.Pattern, "pattern", "", "regular `expression`, or text to search for"},
		{&o.Pool, "pool", "", "`name` of a pool"},
		{&o.Hostname, "hostname", "", "host `name`, for commands that resolve names"},
		{&o.Tag, "tag", "", "`tag`: name or name=value; in a search a comma list, ~ or ! negates"},
		{&o.Rule, "promotion-rule", topology.PreferPromote.String(), "prefer, neutral, prefer_not or must_not"},
		{&o.Failure, "failure", "", "explain: the failure `code`, as in replication-analysis"},
		{&o.Channel, "channel", "", "replication channel `name` of a replica of several sources; default is the one without a name"},
		{&o.Binlog, "binlog", "", "binary log `file`, or file:position"},
		{&o.From, "from", "", "`file` to import: a SQLite file, a configuration, a raft snapshot"},
		{&o.Statement, "statement", "", "`statement`, for restart-replica-statements"},
	} {
		fs.StringVar(f.to, f.name, f.initial, f.usage)
	}
	sibling = fs.String("s", "", "sibling `instance`, as host or host:port (synonym of -d)")
	for _, f := range []struct {
		to      *bool
		name    string
		initial bool
		usage   string
	}{
		{&o.Strict, "strict", false, "last-pseudo-gtid: search the logs to their beginning"},
		{&o.Discovery, "discovery", true, "http: look at servers"},
		{&o.Quiet, "quiet", false, "log errors only"},
		{&o.Verbose, "verbose", false, "log what happens"},
		{&o.Debug, "debug", false, "log everything"},
		{&o.Stack, "stack", false, "log a stack trace with errors"},
		{&o.NoOperation, "noop", false, "refuse whatever would change something"},
		{&o.SkipBinlogSearch, "skip-binlog-search", false, "Pseudo-GTID: search relay logs only"},
		{&o.SkipUnresolve, "skip-unresolve", false, "point replicas at sources by their own names, whatever register-hostname-unresolve says"},
		{&o.SkipUnresolveCheck, "skip-unresolve-check", false, "where a name of register-hostname-unresolve does not lead to its host, use the host's own instead of failing"},
		{&o.GrabElection, "grab-election", false, "http: become the leader at start"},
		{&o.Version, "version", false, "print version and commit"},
		{&o.SkipContinuousRegistration, "skip-continuous-registration", false, "do not register this process in the backend"},
		{&o.EnableDatabaseUpdate, "enable-database-update", false, "update the backend's tables even if SkipOrchestratorDatabaseUpdate is set"},
		{&o.IgnoreRaftSetup, "ignore-raft-setup", false, "run a command although RaftEnabled is set (dangerous: other nodes do not get to know)"},
		{&o.DryRun, "dry-run", false, "takeovers, recover, what changes servers: print the plan and change nothing"},
		{&o.JSON, "json", false, "print results as JSON, in the shapes of the HTTP API"},
	} {
		fs.BoolVar(f.to, f.name, f.initial, f.usage)
	}
	fs.Var((*optionalText)(&o.DataCenter), "dc", "show the data center in topologies: alone or =version right after the version, =last after all others")
	return fs, sibling
}

// optionalText is a flag that may stand alone, as a switch, or have a value behind an equals sign.
type optionalText string

func (t *optionalText) String() string     { return string(*t) }
func (t *optionalText) Set(s string) error { *t = optionalText(s); return nil }

// IsBoolFlag tells package flag that the value may be left out.
func (t *optionalText) IsBoolFlag() bool { return true }

// level is what is logged, by the flags and the configuration.
func (o *Options) level(debugConfigured bool) slog.Level {
	switch {
	case o.Quiet:
		return slog.LevelError
	case o.Debug || debugConfigured:
		return slog.LevelDebug
	case o.Verbose:
		return slog.LevelInfo
	}
	return slog.LevelWarn
}

// value is what a flag gives for a parameter of an operation.
func (o *Options) value(p operate.Param) string {
	switch p.Flag() {
	case "d":
		return o.Destination
	case "alias":
		return o.Alias
	case "owner":
		return o.Owner
	case "reason":
		return o.Reason
	case "duration":
		return o.Duration
	case "pattern":
		return o.Pattern
	case "tag":
		return o.Tag
	case "promotion-rule":
		return o.Rule
	case "failure":
		return o.Failure
	case "skip-binlog-search":
		return fmt.Sprint(o.SkipBinlogSearch)
	case "strict":
		return fmt.Sprint(o.Strict)
	case "channel":
		return o.Channel
	case "dry-run":
		return fmt.Sprint(o.DryRun)
	case "i":
		return o.Instances
	case "pool":
		return o.Pool
	case "hostname":
		return o.Hostname
	case "from":
		return o.From
	case "statement":
		return o.Statement
	case "binlog":
		return o.Binlog
	case "dc":
		return o.DataCenter
	}
	return ""
}

// splitInstances splits the list of -i; an empty list is one empty item, so that the command runs once.
func splitInstances(list string) []string {
	items := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' || r == '\r' })
	if len(items) == 0 {
		return []string{""}
	}
	return items
}
