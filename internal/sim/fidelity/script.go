package fidelity

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"orchestrator/internal/sim"
)

// Script is a fleet and what happens to it.
type Script struct {
	Name       string // a sentence
	Servers    []sim.ServerSpec
	SemiSync   bool   // acknowledged is only what a replica has received
	ByPosition bool   // replicas replicate by file and position
	ByHand     bool   // people change servers, and what they break is not held against the manager
	Only       string // the family in which there is such a thing; "" is both
	Settings   map[string]any
	Steps      []Step
	// Want are lines of the outcome (sim.Outcome.Lines) in the end, in both worlds.
	Want []string
}

// The families of real servers.
const (
	MariaDB = "mariadb"
	MySQL   = "mysql"
)

// settings are those of the manager, in both worlds.
func (s *Script) settings() map[string]any {
	all := map[string]any{"InstancePollSeconds": 1, "RecoveryPeriodBlockSeconds": 1}
	maps.Copy(all, s.Settings)
	return all
}

// settingsText is the inside of a JSON object.
func (s *Script) settingsText() string {
	text, err := json.Marshal(s.settings())
	if err != nil {
		panic(fmt.Sprintf("fidelity: the settings of %q: %v", s.Name, err))
	}
	return strings.Trim(string(text), "{}")
}

// netTimeout is after how long a silent source is given up by replicas.
const netTimeout = 4 * time.Second

// Step is one thing that happens, or that is waited for.
type Step struct {
	Verb    Verb
	Server  string // "" for Write: whoever is the primary
	To      string // of a takeover
	N       int    // transactions
	For     time.Duration
	On      bool
	Refused bool // a person asks, and the answer is no
}

// Verb is what a step does.
type Verb string

// The verbs. Each is done in both worlds by the method do.
const (
	write         Verb = "write"   // clients commit, one after the other, and hear that it is done; it arrives wherever replication runs
	send          Verb = "send"    // clients begin to commit, are not waited for, and what they write is in the binary log
	kill          Verb = "kill"    // SIGKILL
	restart       Verb = "restart" // and wait until it answers
	freeze        Verb = "freeze"  // SIGSTOP
	thaw          Verb = "thaw"    // SIGCONT
	stopReceiver  Verb = "stop receiver"
	startReceiver Verb = "start receiver"
	stopApplier   Verb = "stop applier"
	startApplier  Verb = "start applier"
	breakApplier  Verb = "break applier" // the next transaction cannot be applied (1062)
	delay         Verb = "delay"
	errant        Verb = "errant" // a transaction of its own on a closed server
	open          Verb = "open"   // or close, by hand
	purge         Verb = "purge"  // the binary logs so far are gone
	takeOver      Verb = "take over"
	failOver      Verb = "fail over"   // by force
	seize         Verb = "seize"       // a takeover by force
	recoverServer Verb = "recover"     // a person asks for what was not done automatically
	downtime      Verb = "downtime"    // is declared
	disable       Verb = "disable"     // all recoveries, or enable them
	acknowledge   Verb = "acknowledge" // all recoveries
	settle        Verb = "settle"
)

// Write has n transactions committed on the primary.
func Write(n int) Step { return Step{Verb: write, N: n} }

// Send has a client begin to commit a transaction on a server that nobody will acknowledge.
func Send(server string) Step { return Step{Verb: send, Server: server} }

// Kill kills a server's process.
func Kill(server string) Step { return Step{Verb: kill, Server: server} }

// Restart starts a server again.
func Restart(server string) Step { return Step{Verb: restart, Server: server} }

// Freeze makes a server hang.
func Freeze(server string) Step { return Step{Verb: freeze, Server: server} }

// Thaw lets it go on.
func Thaw(server string) Step { return Step{Verb: thaw, Server: server} }

// StopReceiver stops a replica's receiver.
func StopReceiver(server string) Step { return Step{Verb: stopReceiver, Server: server} }

// StartReceiver starts a replica's receiver.
func StartReceiver(server string) Step { return Step{Verb: startReceiver, Server: server} }

// StopApplier stops a replica's applier.
func StopApplier(server string) Step { return Step{Verb: stopApplier, Server: server} }

// StartApplier starts a replica's applier.
func StartApplier(server string) Step { return Step{Verb: startApplier, Server: server} }

// BreakApplier makes the next transaction that reaches a replica impossible to apply.
func BreakApplier(server string) Step { return Step{Verb: breakApplier, Server: server} }

// Delay makes a replica apply so much later.
func Delay(server string, d time.Duration) Step { return Step{Verb: delay, Server: server, For: d} }

// Errant has somebody with all privileges write on a closed server.
func Errant(server string) Step { return Step{Verb: errant, Server: server} }

// Open has a person open a server for writing, and Close close it.
func Open(server string) Step { return Step{Verb: open, Server: server, On: true} }

// Close has a person close a server for writing.
func Close(server string) Step { return Step{Verb: open, Server: server} }

// Purge has a server forget the binary logs that it has written so far.
func Purge(server string) Step { return Step{Verb: purge, Server: server} }

// TakeOver has a person ask for a planned takeover of a server by another one; "" is the best.
func TakeOver(of, by string) Step { return Step{Verb: takeOver, Server: of, To: by} }

// FailOver has a person ask for the replacement of a primary, whether or not it is dead.
func FailOver(of string) Step { return Step{Verb: failOver, Server: of} }

// Seize has a person ask for the replacement of a primary by another server, whether or not it is dead.
func Seize(of, by string) Step { return Step{Verb: seize, Server: of, To: by} }

// Recover has a person ask for the recovery of a server.
func Recover(server string) Step { return Step{Verb: recoverServer, Server: server} }

// Downtime has a person declare an hour of downtime.
func Downtime(server string) Step { return Step{Verb: downtime, Server: server, For: time.Hour} }

// Disable has a person switch all recoveries off, and Enable on.
func Disable() Step { return Step{Verb: disable, On: true} }

// Enable has a person switch recoveries on.
func Enable() Step { return Step{Verb: disable} }

// Acknowledge has a person acknowledge all recoveries.
func Acknowledge() Step { return Step{Verb: acknowledge} }

// Settle waits until nothing changes any more. Every script ends with it.
func Settle() Step { return Step{Verb: settle} }

// Refuse says that the answer to what a person asks is no.
func Refuse(s Step) Step {
	s.Refused = true
	return s
}

// String says the step in words.
func (s Step) String() string {
	words := []string{string(s.Verb)}
	if s.Verb == open && !s.On {
		words[0] = "close"
	}
	if s.Verb == disable && !s.On {
		words[0] = "enable"
	}
	for _, w := range []string{s.Server, s.To} {
		if w != "" {
			words = append(words, w)
		}
	}
	if s.N > 0 {
		words = append(words, fmt.Sprint(s.N))
	}
	if s.For > 0 {
		words = append(words, s.For.String())
	}
	return strings.Join(words, " ")
}
