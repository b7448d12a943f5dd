package config

import (
	"math"
	"reflect"
	"strings"
	"sync"
)

// Key describes one configuration key.
type Key struct {
	Name    string // as written in files, and the name of the field of Config
	Default any    // untyped numbers stand for the field's type; use Config's field for the typed value
	Reload  ReloadEffect
	Status  Status
	Instead string // for a legacy key: the key that replaced it
	Settled string // for a settled key: what is done instead
	Alias   string // a newer spelling of Name that files may use; empty when there is none
	Secret  bool   // masked wherever configuration is shown
	Range   *Range // nil = every value of the type
	OneOf   []string
	// Otherwise says what a value outside OneOf amounts to. Letter case does not matter for OneOf.
	Otherwise string
	Meaning   string // Markdown, one paragraph
	Section   string // heading of the reference page
}

// ReloadEffect says when a changed value takes effect.
type ReloadEffect int

// The effects of a reload.
const (
	Live    ReloadEffect = iota // at once: the value is read when it is used
	Restart                     // only after a restart
	Partly                      // for what is opened or started after the reload
)

// String gives the word used on the reference page.
func (r ReloadEffect) String() string {
	switch r {
	case Live:
		return "yes"
	case Partly:
		return "partly"
	default:
		return "restart"
	}
}

// Status says whether a key does something.
type Status int

// The states a key can be in.
const (
	Current Status = iota
	Legacy         // still works; Key.Instead is the name to use
	Planned        // accepted; without effect in this version, because what it configures is not built yet
	Settled        // accepted; without effect, because what it bounded is done in another way: see Key.Settled
	Dead           // accepted, without any effect in any version
)

// Range bounds a number, both ends included.
type Range struct {
	Min, Max int64
	Raise    bool // a value below Min is raised to it, with a warning, instead of being refused
}

func atLeast(low int64) *Range       { return &Range{Min: low, Max: math.MaxInt64} }
func between(low, high int64) *Range { return &Range{Min: low, Max: high} }
func raisedTo(low int64) *Range      { return &Range{Min: low, Max: math.MaxInt64, Raise: true} }

type section struct {
	title string
	keys  []Key
}

func sections() []section {
	return []section{
		{"Process and logging", keysProcess()},
		{"HTTP listener, web page, authentication, TLS", keysHTTP()},
		{"Backend database", keysBackend()},
		{"Connections to managed servers", keysConnections()},
		{"Discovery", keysDiscovery()},
		{"Host names", keysHostnames()},
		{"Classification and aliases", keysClassification()},
		{"Moving replicas", keysRefactoring()},
		{"Failure detection", keysDetection()},
		{"Recovery", keysRecovery()},
		{"Hooks", keysHooks()},
		{"Raft", keysRaft()},
		{"Key-value stores", keysKV()},
		{"Audit", keysAudit()},
		{"Pseudo-GTID", keysPseudoGTID()},
		{"Graphite", keysGraphite()},
		{"Agents", keysAgents()},
		{"Metadata database and binary-log catch-up", keysMetadata()},
	}
}

// registry is all keys in the order of the reference page, and where each is found. It is built once and only read.
type registry struct {
	keys   []Key
	byName map[string]int // exact names and aliases
	byFold map[string]int // the same in lower case
}

var keyRegistry = sync.OnceValue(func() *registry {
	r := &registry{byName: map[string]int{}, byFold: map[string]int{}}
	for _, s := range sections() {
		for _, k := range s.keys {
			k.Section = s.title
			r.add(k)
		}
	}
	return r
})

func (r *registry) add(k Key) {
	index := len(r.keys)
	r.keys = append(r.keys, k)
	for _, name := range []string{k.Name, k.Alias} {
		if name != "" {
			r.byName[name] = index
			r.byFold[strings.ToLower(name)] = index
		}
	}
}

// find looks a name up as encoding/json would: exactly first, else without regard to letter case.
func (r *registry) find(name string) (Key, bool) {
	if i, ok := r.byName[name]; ok {
		return r.keys[i], true
	}
	if i, ok := r.byFold[strings.ToLower(name)]; ok {
		return r.keys[i], true
	}
	return Key{}, false
}

// Keys returns all keys, in the order of the reference page. The slice is the caller's own; the Default values are shared
// and must not be written.
func Keys() []Key {
	return append([]Key(nil), keyRegistry().keys...)
}

// Lookup finds a key by its name or newer spelling, exactly or else without regard to letter case.
func Lookup(name string) (Key, bool) {
	return keyRegistry().find(name)
}

// RemovedKeys lists keys that older versions had and nothing reads any more. Files may still hold them; each is reported
// with a warning.
func RemovedKeys() []string {
	return []string{
		"ActiveNodeExpireSeconds", "AgentAutoDiscover", "AuditPageSize", "BinlogFileHistoryDays", "BufferBinlogEvents",
		"DatabaselessMode__experimental", "DiscoveryPollSeconds", "HttpTimeoutSeconds", "MaintenanceExpireMinutes",
		"MaintenanceOwner", "MaintenancePurgeDays", "MaxOutdatedKeysToShow", "MySQLTopologyMaxPoolConnections",
		"PseudoGTIDCoordinatesHistoryHeuristicMinutes", "PseudoGTIDPreferIndependentMultiMatch", "ReadLongRunningQueries",
		"SlaveStartPostWaitMilliseconds", "StatusSimpleHealth",
	}
}

func isRemoved(name string) bool {
	for _, removed := range RemovedKeys() {
		if strings.EqualFold(removed, name) {
			return true
		}
	}
	return false
}

// Default returns the configuration of the keys' own defaults, before anything is derived from them. It is the caller's
// to change until it is shared. What a service without any file runs on is Load with no file present.
func Default() *Config {
	c := &Config{}
	fields := reflect.ValueOf(c).Elem()
	for _, k := range keyRegistry().keys {
		field := fields.FieldByName(k.Name)
		field.Set(cloneValue(reflect.ValueOf(k.Default).Convert(field.Type())))
	}
	return c
}

// cloneValue copies slices and maps, so that no two configurations share them.
func cloneValue(v reflect.Value) reflect.Value {
	switch {
	case v.Kind() == reflect.Slice && !v.IsNil():
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(out, v)
		return out
	case v.Kind() == reflect.Map && !v.IsNil():
		out := reflect.MakeMap(v.Type())
		for it := v.MapRange(); it.Next(); {
			out.SetMapIndex(it.Key(), it.Value())
		}
		return out
	}
	return v
}

// clone copies the keys' values and their origin; compiled matchers are not taken along.
func (c *Config) clone() *Config {
	out := &Config{origin: c.origin.clone()}
	from, to := reflect.ValueOf(c).Elem(), reflect.ValueOf(out).Elem()
	for _, k := range keyRegistry().keys {
		to.FieldByName(k.Name).Set(cloneValue(from.FieldByName(k.Name)))
	}
	return out
}

func (c *Config) field(name string) reflect.Value {
	return reflect.ValueOf(c).Elem().FieldByName(name)
}
