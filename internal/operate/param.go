package operate

import "strings"

// Param names an argument. Each stands for the same thing wherever it occurs, whatever its form there.
type Param string

// The parameters.
const (
	ParamInstance     Param = "instance"
	ParamDestination  Param = "destination"
	ParamCluster      Param = "cluster"       // a hint: name, alias, or an instance
	ParamClusterName  Param = "cluster name"  // the name itself, or the alias
	ParamClusterAlias Param = "cluster alias" // only the alias
	ParamAlias        Param = "alias"         // a new alias to set
	ParamOwner        Param = "owner"
	ParamReason       Param = "reason"
	ParamDuration     Param = "duration"
	ParamTag          Param = "tag"
	ParamPattern      Param = "pattern"
	ParamSearch       Param = "search"
	ParamRule         Param = "promotion-rule"
	ParamPage         Param = "page"
	ParamID           Param = "id"
	ParamUID          Param = "uid"
	ParamUnacked      Param = "unacknowledged"
	ParamSkipHooks    Param = "skip processes"
	ParamSeconds      Param = "seconds"
	ParamQueue        Param = "queue"
	ParamStatusCode   Param = "status code"
	ParamConfigFile   Param = "config file"
	ParamDataCenter   Param = "data center"
	ParamInstances    Param = "instances" // a list of them
	ParamPool         Param = "pool"
	ParamHostname     Param = "hostname"
	ParamLogFile      Param = "log file"
	ParamLogPos       Param = "log position"
	ParamMoment       Param = "moment" // of a snapshot
	ParamPeer         Param = "peer"
	ParamNewPeer      Param = "new peer"
	ParamVotes        Param = "votes"
	ParamToken        Param = "token"
	ParamDryRun       Param = "dry run"
	ParamFailure      Param = "failure"
	ParamStatement    Param = "statement"
	ParamForce        Param = "force"
	ParamRelayOnly    Param = "relay logs only"
	ParamStrict       Param = "strict"
	ParamEntry        Param = "entry"
	ParamCommand      Param = "command" // of an agent
	ParamFrom         Param = "from"
	ParamBystander    Param = "bystander" // a server that has no effect
	ParamChannel      Param = "channel"
	ParamGTIDSet      Param = "gtid set"
	ParamProcesses    Param = "processes" // a list of hooks
	ParamNumber       Param = "number"    // of a hook in its list
	ParamBlow         Param = "blow"
)

// paramInfo is where a parameter is found on each face.
type paramInfo struct {
	param     Param
	flag      string   // of the command line, "" when it has none
	word      string   // what stands for the value in help
	query     string   // of HTTP, "" when it is only taken from the path
	path      []string // placeholders of HTTP; for an instance the host's, the port's is beside it
	ports     []string
	defaulted bool // the command line has a default for it
	meaning   string
	sample    string // a value for examples, "" when examples do without
}

func paramInfos() []paramInfo {
	return []paramInfo{
		{param: ParamInstance, flag: "i", word: "HOST[:PORT]", path: []string{"host"}, ports: []string{"port"}, defaulted: true,
			meaning: "the server; this host when not given", sample: "db-a2"},
		{param: ParamDestination, flag: "d", word: "HOST[:PORT]", path: []string{"belowHost", "siblingHost", "candidateHost", "designatedHost"},
			ports: []string{"belowPort", "siblingPort", "candidatePort", "designatedPort"}, meaning: "the other server", sample: "db-a1"},
		{param: ParamCluster, flag: "alias", word: "CLUSTER", path: []string{"clusterHint"}, defaulted: true,
			meaning: "the cluster, by name or alias, or by a member given with -i", sample: "orders"},
		{param: ParamClusterName, flag: "alias", word: "CLUSTER", path: []string{"clusterName"}, meaning: "the cluster, by name or alias", sample: "orders"},
		{param: ParamClusterAlias, word: "ALIAS", path: []string{"clusterAlias"}, meaning: "the cluster, by alias"},
		{param: ParamAlias, flag: "alias", word: "ALIAS", query: "alias", meaning: "the alias to give", sample: "orders"},
		{param: ParamOwner, flag: "owner", word: "NAME", path: []string{"owner"}, defaulted: true, meaning: "on whose behalf; the user when not given"},
		{param: ParamReason, flag: "reason", word: "TEXT", query: "comment", path: []string{"reason"}, meaning: "why", sample: "'new disks'"},
		{param: ParamDuration, flag: "duration", word: "DURATION", path: []string{"duration"}, meaning: "for how long: 59s, 59m, 23h, 6d, 4w"},
		{param: ParamTag, flag: "tag", word: "TAG", query: "tag", path: []string{"tagName"}, meaning: "name or name=value", sample: "role=backup"},
		{param: ParamPattern, flag: "pattern", word: "REGEX", query: "pattern", meaning: "a regular expression on host:port", sample: "rack7"},
		{param: ParamSearch, flag: "pattern", word: "TEXT", query: "s", path: []string{"searchString"}, meaning: "what to look for", sample: "db-a"},
		{param: ParamRule, flag: "promotion-rule", word: "RULE", path: []string{"promotionRule"}, defaulted: true, meaning: "prefer, neutral, prefer_not or must_not", sample: "prefer"},
		{param: ParamPage, word: "PAGE", path: []string{"page"}, meaning: "which page of 20, from 0"},
		{param: ParamID, word: "ID", path: []string{"id", "recoveryId", "maintenanceKey", "process", "seedId"}, meaning: "the number of the record"},
		{param: ParamUID, flag: "pattern", word: "UID", path: []string{"uid"}, meaning: "the unique name of the record", sample: "UID"},
		{param: ParamUnacked, word: "true", query: "unacknowledged", meaning: "only those not acknowledged"},
		{param: ParamSkipHooks, word: "true", query: "skipProcesses", meaning: "run no hooks"},
		{param: ParamSeconds, word: "SECONDS", path: []string{"seconds"}, meaning: "a number of seconds", sample: "60"},
		{param: ParamQueue, word: "QUEUE", path: []string{"queue"}, meaning: "DEFAULT or DEADINSTANCES"},
		{param: ParamStatusCode, word: "CODE", path: []string{"errorStatusCode"}, meaning: "the HTTP status when it is not the leader"},
		{param: ParamConfigFile, word: "FILE", query: "config", meaning: "a further configuration file"},
		{param: ParamDataCenter, flag: "dc", query: "dc", meaning: "show the data center: alone or =version right after the version, =last after all other properties, =none not"},
		{param: ParamInstances, flag: "i", word: "HOST[:PORT],...", query: "instances", meaning: "the servers, with commas between; none when not given", sample: "db-a1,db-a2"},
		{param: ParamPool, flag: "pool", word: "POOL", path: []string{"pool"}, meaning: "the name of the pool", sample: "reporting"},
		{param: ParamHostname, flag: "hostname", word: "NAME", path: []string{"virtualname", "node", "hint", "agentHost", "targetHost", "sourceHost"}, meaning: "a host name", sample: "orders-vip"},
		{param: ParamLogFile, flag: "binlog", word: "FILE", path: []string{"logFile"}, meaning: "a binary log file", sample: "binlog.000007"},
		{param: ParamLogPos, word: "POSITION", path: []string{"logPos"}, meaning: "a position in the binary log file"},
		{param: ParamMoment, flag: "pattern", word: "REGEX", meaning: "a regular expression on the Unix time of a snapshot: how it was then"},
		{param: ParamPeer, word: "ADDRESS", path: []string{"addr", "raftBind", "raftAdvertise"}, meaning: "the address of a raft node"},
		{param: ParamNewPeer, word: "ADDRESS", path: []string{"newAddr"}, meaning: "the address of the raft node that takes its place"},
		{param: ParamVotes, word: "false", query: "voter", meaning: "false: the node learns and never votes"},
		{param: ParamToken, word: "TOKEN", path: []string{"authenticationToken"}, meaning: "what the leader asked with"},
		{param: ParamDryRun, flag: "dry-run", query: "dry-run", meaning: "print what would be done, and change nothing"},
		{param: ParamStatement, flag: "statement", word: "SQL", query: "q", meaning: "what to do in between", sample: "'SET GLOBAL sync_binlog = 1'"},
		{param: ParamChannel, flag: "channel", word: "NAME", query: "channel",
			meaning: "which channel of a replica of several sources; default is the one without a name"},
		{param: ParamGTIDSet, word: "SET", query: "set", meaning: "a set of GTIDs", sample: "3E11FA47-71CA-11E1-9E33-C80AA9429562:1-5"},
		{param: ParamProcesses, word: "KEY", path: []string{"processes"}, meaning: "the configuration key that lists the hooks", sample: "PostFailoverProcesses"},
		{param: ParamNumber, word: "NUMBER", path: []string{"number"}, meaning: "its place in the list, from 1", sample: "1"},
		{param: ParamBlow, word: "BLOW", query: "blow", meaning: "how it is struck: shut-down, or kill or freeze where its process is reached (orchestrator demo)"},
		{param: ParamForce, word: "true", query: "force", meaning: "although a replica may need it"},
		{param: ParamRelayOnly, flag: "skip-binlog-search", query: "skip-binlog-search", meaning: "seek the last pseudo-GTID entry in the relay logs of replicas"},
		{param: ParamStrict, flag: "strict", query: "strict", meaning: "search the logs to their beginning, however much was logged since"},
		{param: ParamEntry, flag: "pattern", word: "STATEMENT", meaning: "the statement, as the server lists it"},
		{param: ParamCommand, flag: "pattern", word: "COMMAND", path: []string{"command"}, meaning: "the name of the command", sample: "backup"},
		{param: ParamFrom, flag: "from", word: "FILE", meaning: "what to import: a SQLite file, a configuration, a raft snapshot"},
		{param: ParamBystander, path: []string{"anyHost"}, ports: []string{"anyPort"}, meaning: "of no effect: the client script puts a server there when it has one"},
		{param: ParamFailure, flag: "failure", word: "CODE", query: "failure", meaning: "the failure, as in replication-analysis; by default what is found, or would be if it died now", sample: "DeadMaster"},
	}
}

func (p Param) info() paramInfo {
	for _, i := range paramInfos() {
		if i.param == p {
			return i
		}
	}
	return paramInfo{param: p}
}

// form is the parameter as it is written on the command line.
func (p Param) form() string {
	i := p.info()
	return strings.TrimSpace("-" + i.flag + " " + i.word)
}

// Flag is the flag of the command line that gives the parameter, "" when there is none.
func (p Param) Flag() string { return p.info().flag }

// Query is the name of the HTTP query that gives the parameter, "" when there is none.
func (p Param) Query() string { return p.info().query }

// Meaning says what the parameter is, for help.
func (p Param) Meaning() string { return p.info().meaning }

// Sample is a value for examples, "" when examples do without.
func (p Param) Sample() string { return p.info().sample }

// Placeholder is a parameter in the path of a route.
type Placeholder struct {
	Param Param
	// Port says that it is the port of an instance whose host stands in the placeholder before it.
	Port bool
	// Value says that it is the value of the tag whose name stands in the placeholder before it.
	Value bool
}

// PlaceholderOf says what a placeholder of a path means; name is without the colon.
func PlaceholderOf(name string) (Placeholder, bool) {
	if name == "tagValue" {
		return Placeholder{Param: ParamTag, Value: true}, true
	}
	for _, i := range paramInfos() {
		for _, n := range i.path {
			if n == name {
				return Placeholder{Param: i.param}, true
			}
		}
		for _, n := range i.ports {
			if n == name {
				return Placeholder{Param: i.param, Port: true}, true
			}
		}
	}
	return Placeholder{}, false
}

// PathParams is the set of parameters that a route's path holds.
func PathParams(route string) map[Param]bool {
	in := map[Param]bool{}
	for segment := range strings.SplitSeq(route, "/") {
		if name, ok := strings.CutPrefix(segment, ":"); ok {
			if p, known := PlaceholderOf(name); known {
				in[p.Param] = true
			}
		}
	}
	return in
}
