package config

import (
	"fmt"
	"strings"
	"time"
)

// Severity ranks a Statement.
type Severity string

// The severities.
const (
	OK      Severity = "ok"      // as it should be
	Note    Severity = "note"    // a choice that should be known
	Concern Severity = "warning" // probably not what is wanted
)

// Group names the part of the service that a Statement is about.
type Group string

// The groups, in the order in which Check gives them.
const (
	GroupFiles     Group = "Files"
	GroupBackend   Group = "Backend"
	GroupListening Group = "Listening and authentication"
	GroupDiscovery Group = "Discovery"
	GroupDetection Group = "Failure detection"
	GroupRecovery  Group = "Automatic recovery"
	GroupPromotion Group = "Promotion"
	GroupHooks     Group = "Hooks"
	GroupPublish   Group = "Publishing"
	GroupAudit     Group = "Audit"
	GroupRaft      Group = "Raft"
)

// Statement is one sentence about what a configuration will or will not do.
type Statement struct {
	Group    Group
	Severity Severity
	Text     string
	Keys     []string // the keys that decide it
	Example  string   // a line for the file that would change it; may be empty
	Where    []Spot   // where what it is about stands in the files; keys that no file gives stand nowhere
}

// Spot is where a key stands. The key may be one that does not exist.
type Spot struct {
	Key, File string
	Line      int // 0: not known
}

// String is how compilers name a place.
func (s Spot) String() string {
	if s.Line == 0 {
		return s.File
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// Check says in words what a configuration will and will not do. Pass the warnings that came with loading it; they are
// part of the answer.
func Check(c *Config, warnings []Warning) []Statement {
	s := &statements{c: c}
	s.files(warnings)
	s.backend()
	s.listening()
	s.discovery()
	s.detection()
	s.recovery()
	s.promotion()
	s.hooks()
	s.publishing()
	s.audit()
	s.raft()
	for n := range s.list {
		s.list[n].Where = append(s.list[n].Where, spotsOf(c, s.list[n].Keys)...)
	}
	return s.list
}

// spotsOf are where the files give keys; of several files the last one, which counts.
func spotsOf(c *Config, keys []string) (list []Spot) {
	for _, key := range keys {
		if places := c.Places(key); len(places) > 0 {
			last := places[len(places)-1]
			list = append(list, Spot{key, last.File, last.Line})
		}
	}
	return list
}

// spotOf is where the key stands that a warning is about.
func spotOf(c *Config, w Warning) []Spot {
	if w.Key == "" || w.File == "" {
		return nil
	}
	spot := Spot{w.Key, w.File, w.Line}
	for _, p := range c.Places(w.Key) {
		if p.File == w.File && spot.Line == 0 {
			spot.Line = p.Line
		}
	}
	return []Spot{spot}
}

// statements collects what Check says.
type statements struct {
	c     *Config
	group Group
	list  []Statement
}

func (s *statements) say(severity Severity, keys, format string, args ...any) *Statement {
	s.list = append(s.list, Statement{Group: s.group, Severity: severity, Text: fmt.Sprintf(format, args...), Keys: strings.Fields(keys)})
	return &s.list[len(s.list)-1]
}

func (s *statements) ok(keys, format string, args ...any) { s.say(OK, keys, format, args...) }

func (s *statements) note(keys, format string, args ...any) *Statement {
	return s.say(Note, keys, format, args...)
}

func (s *statements) concern(keys, format string, args ...any) *Statement {
	return s.say(Concern, keys, format, args...)
}

func (s *statements) files(warnings []Warning) {
	s.group = GroupFiles
	if len(s.c.Files()) == 0 {
		s.note("", "No configuration file was found; everything runs on defaults.")
	} else {
		s.ok("", "Read from %s.", strings.Join(s.c.Files(), ", then "))
	}
	for _, w := range warnings {
		switch w.Kind {
		case Notice: // said again, with its consequence, by the group it is about
		case LegacyKey, DeadKey, RemovedKey, NeedsRestart: // harmless
			s.note("", "%s", w).Where = spotOf(s.c, w)
		default:
			s.concern("", "%s", w).Where = spotOf(s.c, w)
		}
	}
}

func (s *statements) backend() {
	s.group = GroupBackend
	c := s.c
	switch {
	case c.BackendChosen():
		s.note("BackendDB SQLite3DataFile", "State is kept in SQLite, in %s, because no file names a backend. A command run from another directory or by another user may see another file.",
			c.SQLite3DataFile).Example = fmt.Sprintf(`"BackendDB": "sqlite", "SQLite3DataFile": %q`, "/var/lib/orchestrator/orchestrator.sqlite3")
	case c.IsSQLite() && strings.Contains(c.SQLite3DataFile, ":memory:"):
		s.concern("SQLite3DataFile", "State is kept in memory and is lost when the service stops.")
	case c.IsSQLite():
		s.ok("BackendDB SQLite3DataFile", "State is kept in SQLite, in %s.", c.SQLite3DataFile)
	case c.MySQLOrchestratorHost == "":
		s.concern("BackendDB MySQLOrchestratorHost", "State shall be kept in MySQL, but no host is given: the service will not be able to connect.").
			Example = `"BackendDB": "sqlite", "SQLite3DataFile": "/var/lib/orchestrator/orchestrator.sqlite3"`
	case strings.Contains(c.MySQLOrchestratorHost, ","):
		s.ok("MySQLOrchestratorHost MySQLOrchestratorPort MySQLOrchestratorDatabase", "State is kept in MySQL, in whichever of %s takes writes (port %d where none is named), schema %s, as user %s.",
			c.MySQLOrchestratorHost, c.MySQLOrchestratorPort, orNone(c.MySQLOrchestratorDatabase), orNone(c.MySQLOrchestratorUser))
		s.backendSignIn()
	default:
		s.ok("MySQLOrchestratorHost MySQLOrchestratorPort MySQLOrchestratorDatabase", "State is kept in MySQL at %s:%d, schema %s, as user %s.",
			c.MySQLOrchestratorHost, c.MySQLOrchestratorPort, orNone(c.MySQLOrchestratorDatabase), orNone(c.MySQLOrchestratorUser))
		s.backendSignIn()
	}
	if c.SkipOrchestratorDatabaseUpdate {
		s.note("SkipOrchestratorDatabaseUpdate", "The backend schema is neither created nor upgraded by the service.")
	}
}

func (s *statements) backendSignIn() {
	if s.c.MySQLOrchestratorDatabase == "" {
		s.concern("MySQLOrchestratorDatabase", "No backend schema is named.").Example = `"MySQLOrchestratorDatabase": "orchestrator"`
	}
	if s.c.MySQLOrchestratorPassword == "" {
		s.concern("MySQLOrchestratorPassword", "The backend password is empty.")
	}
}

func (s *statements) discovery() {
	s.group = GroupDiscovery
	c := s.c
	switch {
	case c.MySQLTopologyUser == "":
		s.concern("MySQLTopologyUser MySQLTopologyPassword", "No user for managed servers is given: no server can be probed.").
			Example = `"MySQLTopologyUser": "orchestrator", "MySQLTopologyPassword": "${ORCHESTRATOR_TOPOLOGY_PASSWORD}"`
	case c.MySQLTopologyPassword == "":
		s.concern("MySQLTopologyPassword", "Managed servers are probed as user %s with an empty password.", c.MySQLTopologyUser)
	default:
		s.ok("MySQLTopologyUser", "Managed servers are probed as user %s.", c.MySQLTopologyUser)
	}
	s.ok("InstancePollSeconds", "Each server is probed every %s; one not seen for %s is forgotten.", plain(c.InstancePoll()), plain(c.UnseenInstanceForget()))
	if len(c.DiscoverySeeds) > 0 {
		s.ok("DiscoverySeeds", "Discovery starts at %s and follows replication from there.", strings.Join(c.DiscoverySeeds, ", "))
	} else {
		s.note("DiscoverySeeds", "Discovery starts nowhere by itself: it continues with servers already known, and with those named by the command discover.").
			Example = `"DiscoverySeeds": ["db1.example.com:3306"]`
	}
	s.discoveryFilters()
}

func (s *statements) discoveryFilters() {
	c := s.c
	for _, filter := range []struct {
		key     string
		entries []string
		what    string
	}{
		{"DiscoveryIgnoreHostnameFilters", c.DiscoveryIgnoreHostnameFilters, "Servers"},
		{"DiscoveryIgnoreReplicaHostnameFilters", c.DiscoveryIgnoreReplicaHostnameFilters, "Replicas"},
		{"DiscoveryIgnoreMasterHostnameFilters", c.DiscoveryIgnoreMasterHostnameFilters, "Sources"},
		{"DiscoveryIgnoreReplicationUsernameFilters", c.DiscoveryIgnoreReplicationUsernameFilters, "Replicas whose replication user is"},
	} {
		if len(filter.entries) > 0 {
			s.note(filter.key, "%s matching %s are not discovered.", filter.what, quotedList(filter.entries))
		}
	}
	if c.MetaDBHost != "" {
		s.note("MetaDBHost MetaDBPort MetaDBName", "Cluster alias, cluster domain and data center, where there is a query for them, come from the metadata database %s:%d, schema %s.",
			c.MetaDBHost, c.MetaDBPort, orNone(c.MetaDBName))
	}
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// plain writes a duration in the largest unit that divides it: 90 minutes, 1 hour.
func plain(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d >= unit.length && d%unit.length == 0 {
			n := int64(d / unit.length)
			if n == 1 {
				return "1 " + unit.name
			}
			return fmt.Sprintf("%d %ss", n, unit.name)
		}
	}
	return d.String()
}
