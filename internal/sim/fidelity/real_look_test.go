package fidelity

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/gtid"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sim"
	"orchestrator/internal/topology"
)

// replicaStatus is what a real replica says of itself.
type replicaStatus struct {
	host              string // "" where it replicates from nobody
	port              int
	io, sql           string
	errno, delay      int
	received, applied string // places in the source's binary log
}

func readReplica(ctx context.Context, n *sandbox.Node) (r replicaStatus, err error) {
	replica, _, _ := words(n.Flavor())
	row, err := n.Row(ctx, "SHOW "+replica+" STATUS")
	if err != nil || row == nil {
		return r, err
	}
	old := strings.NewReplacer("Source", "Master", "Replica_", "Slave_")
	get := func(name string) string {
		if n.Flavor() == sandbox.MariaDB {
			name = old.Replace(name)
		}
		return row[name]
	}
	number := func(text string) int {
		v, bad := strconv.Atoi(text)
		if bad != nil && err == nil {
			err = fmt.Errorf("%s: replication status: %w", n, bad)
		}
		return v
	}
	r = replicaStatus{
		host: get("Source_Host"), port: number(get("Source_Port")), io: get("Replica_IO_Running"), sql: get("Replica_SQL_Running"),
		errno: number(row["Last_SQL_Errno"]), delay: number(row["SQL_Delay"]),
		received: get("Source_Log_File") + ":" + get("Read_Source_Log_Pos"),
		applied:  get("Relay_Source_Log_File") + ":" + get("Exec_Source_Log_Pos"),
	}
	return r, err
}

// key is an address as the API gives it.
type key struct {
	Hostname string
	Port     int
}

// name is what the script calls the server at an address; detached ones keep their mark.
func (w *realWorld) name(k key) string {
	host := strings.TrimLeft(k.Hostname, "/")
	mark := k.Hostname[:len(k.Hostname)-len(host)]
	for i, n := range w.cluster.Nodes() {
		if n.Host == host && n.Port == k.Port && i < len(w.script.Servers) {
			return mark + w.script.Servers[i].Name
		}
	}
	return k.Hostname
}

// look reads servers and manager.
func (w *realWorld) look() (o sim.Outcome, err error) {
	ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
	defer cancel()
	o.Servers = make([]sim.ServerOutcome, len(w.script.Servers))
	var mu sync.Mutex
	logs := make([]string, len(w.script.Servers))
	err = each(w.cluster.Nodes()[:len(w.script.Servers)], func(n *sandbox.Node) error {
		s, log, err := w.lookAt(ctx, n)
		mu.Lock()
		defer mu.Unlock()
		o.Servers[n.Index()], logs[n.Index()] = s, log
		return err
	})
	if err != nil {
		return o, err
	}
	if p := o.Primary(); p != "" {
		for i, s := range o.Servers {
			if s.Errant, err = w.beyond(logs[i], logs[indexOf(w.script.Servers, p)]); err != nil {
				return o, err
			}
			o.Servers[i] = s
		}
		if o.Missing, err = w.missing(ctx, w.node(p)); err != nil {
			return o, err
		}
	}
	return o, w.lookAtManager(ctx, &o)
}

// lookAt reads a server; log is what its binary logs have ever held.
func (w *realWorld) lookAt(ctx context.Context, n *sandbox.Node) (s sim.ServerOutcome, log string, err error) {
	s.Name = w.nameOf(n)
	s.Gone, s.Hangs = !n.Running(), w.hangs[s.Name]
	if s.Gone {
		s.Hangs = false
	}
	if s.Gone || s.Hangs {
		return s, "", nil
	}
	closed, err := n.ReadOnly(ctx)
	if err != nil {
		return s, "", err
	}
	r, err := readReplica(ctx, n)
	if err != nil {
		return s, "", err
	}
	s.Open = !closed
	if r.host != "" {
		s.Source, s.SQLErrno, s.Delay = w.name(key{r.host, r.port}), r.errno, time.Duration(r.delay)*time.Second
		states := map[string]topology.ThreadState{"Yes": topology.ThreadRunning, "No": topology.ThreadStopped}
		s.IO, s.SQL = stateOr(states, r.io), stateOr(states, r.sql)
	}
	_, source, _ := words(n.Flavor())
	if w.script.SemiSync {
		if err := n.Scan(ctx, "SELECT @@global.rpl_semi_sync_"+source+"_enabled", &s.Waits); err != nil {
			return s, "", err
		}
	}
	if w.script.ByPosition {
		return s, "", nil
	}
	variable := "gtid_executed"
	if n.Flavor() == sandbox.MariaDB {
		variable = "gtid_binlog_state"
	}
	err = n.Scan(ctx, "SELECT @@global."+variable, &log)
	return s, log, err
}

func stateOr(states map[string]topology.ThreadState, word string) topology.ThreadState {
	if s, ok := states[word]; ok {
		return s
	}
	return topology.ThreadOther
}

// beyond says whether one log holds transactions that the other has never held.
func (w *realWorld) beyond(log, other string) (bool, error) {
	if log == "" {
		return false, nil
	}
	if w.cluster.Options().Flavor == sandbox.MySQL {
		a, err := gtid.Parse(log)
		if err != nil {
			return false, err
		}
		b, err := gtid.Parse(other)
		return !b.Contains(a), err
	}
	a, err := gtid.ParseMariaState(log)
	if err != nil {
		return false, err
	}
	b, err := gtid.ParseMariaState(other)
	if err != nil {
		return false, err
	}
	for g := range a.All() {
		if !b.ContainsGTID(g) {
			return true, nil
		}
	}
	return false, nil
}

// missing counts the acknowledged rows that the primary lacks.
func (w *realWorld) missing(ctx context.Context, primary *sandbox.Node) (int, error) {
	w.mu.Lock()
	ids := make([]string, len(w.acked))
	for i, id := range w.acked {
		ids[i] = strconv.FormatInt(id, 10)
	}
	w.mu.Unlock()
	if len(ids) == 0 {
		return 0, nil
	}
	there := 0
	err := primary.Scan(ctx, "SELECT COUNT(*) FROM "+serverTable+" WHERE id IN ("+strings.Join(ids, ",")+")", &there)
	return len(ids) - there, err
}

// lookAtManager reads what the manager has noted and finds.
func (w *realWorld) lookAtManager(ctx context.Context, o *sim.Outcome) error {
	type entry struct {
		AnalyzedInstanceKey                   key
		Analysis                              string
		StructureAnalysis, AdditionalAnalysis []string
		IsActionableRecovery                  bool
	}
	var detections, recoveries []struct {
		AnalysisEntry entry
		SuccessorKey  key
		IsSuccessful  bool
	}
	var standing struct{ Details []entry }
	var servers []struct {
		Key            key
		IsDowntimed    bool
		DowntimeReason string
	}
	for path, into := range map[string]any{
		"audit-failure-detection": &detections, "audit-recovery": &recoveries, "replication-analysis": &standing, "all-instances": &servers,
	} {
		if err := w.manager.Get(ctx, path, into); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, d := range slices.Backward(detections) {
		if d.AnalysisEntry.IsActionableRecovery {
			o.Detected = append(o.Detected, sim.About(d.AnalysisEntry.Analysis, w.name(d.AnalysisEntry.AnalyzedInstanceKey)))
		}
	}
	for _, r := range slices.Backward(recoveries) {
		f := r.AnalysisEntry
		o.Recoveries = append(o.Recoveries, sim.Recovered(f.Analysis, w.name(f.AnalyzedInstanceKey), w.name(r.SuccessorKey), r.IsSuccessful))
	}
	for _, f := range standing.Details {
		codes := append(f.StructureAnalysis, f.AdditionalAnalysis...)
		if f.Analysis != "NoProblem" {
			codes = append(codes, f.Analysis)
		}
		for _, c := range codes {
			o.Standing = append(o.Standing, sim.About(c, w.name(f.AnalyzedInstanceKey)))
		}
	}
	slices.Sort(o.Standing)
	for _, i := range servers {
		for n := range o.Servers {
			if s := &o.Servers[n]; s.Name == w.name(i.Key) {
				s.Lost = i.IsDowntimed && i.DowntimeReason == "lost-in-recovery"
			}
		}
	}
	return nil
}

// lookedAgain waits until the manager has looked at every server that answers once more.
func (w *realWorld) lookedAgain() error {
	ctx, cancel := w.bounded()
	defer cancel()
	before, err := w.looks(ctx)
	if err != nil {
		return err
	}
	return until(ctx, func() error {
		now, err := w.looks(ctx)
		if err != nil {
			return err
		}
		for name, at := range before {
			if now[name] == at {
				return fmt.Errorf("the manager has not looked at %s again", name)
			}
		}
		return nil
	})
}

// looks is when the manager last got an answer of each server that answers.
func (w *realWorld) looks(ctx context.Context) (map[string]string, error) {
	var servers []struct {
		Key               key
		LastSeenTimestamp string
		IsLastCheckValid  bool
	}
	if err := w.manager.Get(ctx, "all-instances", &servers); err != nil {
		return nil, err
	}
	seen := map[string]string{}
	for _, s := range servers {
		if s.IsLastCheckValid {
			seen[w.name(s.Key)] = s.LastSeenTimestamp
		}
	}
	return seen, nil
}
