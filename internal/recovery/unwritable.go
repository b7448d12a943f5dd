package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/execute"
	"orchestrator/internal/failover"
	"orchestrator/internal/observe"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// signed is a server that can be looked at for what keeps it from taking writes.
type signed interface {
	WriteSigns(ctx context.Context) ([]topology.WriteSign, error)
}

// tellUnwritable says once that a primary answers and cannot write, and once that it can again.
func (e *Engine) tellUnwritable(ctx context.Context, f *analysis.Finding) {
	codes := joinCodes(f.CannotWrite())
	e.mu.Lock()
	told := e.unwritable[f.Key]
	if codes == "" {
		delete(e.unwritable, f.Key)
	} else {
		e.unwritable[f.Key] = codes
	}
	e.mu.Unlock()
	if told == codes || !e.o.Leader.IsLeader() {
		return
	}
	text := "can write again, or is not to write any more"
	if codes != "" {
		text = "cannot write: " + codes
		e.progress(Progress{Kind: Detected, Cluster: f.ClusterName, Server: f.Key, Text: text})
	}
	evidence := strings.Join(f.Evidence, " ")
	e.o.Logger.Warn("the primary "+text, "server", f.Key.String(), "cluster", f.ClusterName, "evidence", evidence)
	e.goTracked(func() { e.audit(ctx, "cannot-write", f.Key, f.ClusterName, strings.TrimSpace(text+". "+evidence)) })
}

func joinCodes(codes []analysis.Code) string {
	var texts []string
	for _, c := range codes {
		texts = append(texts, string(c))
	}
	return strings.Join(texts, ", ")
}

// asFailure makes a failure to be repaired of what only stands beside the published code, where the policy has a primary
// replaced for it.
func asFailure(f *analysis.Finding, p *analysis.Policy) {
	if c := p.FailoverCode(f); c != "" {
		f.Code, f.Description, f.Actionable = c, analysis.Describe(c), true
	}
}

// stillUnwritable sees whether a primary that is to be replaced while it lives still cannot write, and whether somebody
// can be promoted who can.
func (e *Engine) stillUnwritable(ctx context.Context, r *Recovery, ask request, k *kind) error {
	e.lookAround(ctx, &r.Finding, k)
	t := e.o.Observer.Cluster(r.Finding.ClusterName)
	if t == nil {
		return fmt.Errorf("cluster %s is not known any more", r.Finding.ClusterName)
	}
	policy := e.analysisPolicy()
	found := analysis.Analyze(t, policy, e.o.Now())
	n := slices.IndexFunc(found, func(f analysis.Finding) bool {
		return f.Key == r.Finding.Key && (ask.forced && f.Has(r.Finding.Code) || policy.FailoverCode(&f) == r.Finding.Code && !f.SkippableDueToDowntime)
	})
	if n < 0 {
		return fmt.Errorf("%s is found no more at a second look, or something else comes first", r.Finding.Code)
	}
	want, err := e.planRequest(ctx, r, ask, k)
	if err != nil {
		return err
	}
	p := k.plan(t, want, failover.PolicyOf(e.o.Config()))
	if err := idle(p, k); err != nil {
		return err
	}
	return e.suffersAlike(ctx, p.Successor, r.Finding.Code)
}

// alikeApart is the time between the two looks at a server that is to be promoted: on any one look somebody may be about
// to commit.
const alikeApart = 500 * time.Millisecond

// suffersAlike is an error where a server that is to be promoted is hindered by the same as the primary, as by a disk that
// both use, or where that cannot be found out.
func (e *Engine) suffersAlike(ctx context.Context, k topology.Key, code analysis.Code) error {
	s, ok := e.o.Servers(k).(signed)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	var troubles topology.WriteTroubles
	begin := e.o.Now()
	for n := range 2 {
		if n > 0 {
			pause := time.NewTimer(alikeApart)
			select {
			case <-ctx.Done():
				pause.Stop()
			case <-pause.C:
			}
		}
		signs, err := s.WriteSigns(ctx)
		if err != nil {
			return fmt.Errorf("whether %s could write is not known: %w", k, err)
		}
		at := e.o.Now()
		troubles = troubles.Renewed(topology.BySigns, at, at.Add(lookWithin), signs)
	}
	for _, t := range troubles {
		if !t.Since.After(begin.Add(alikeApart/2)) && analysis.CodeOfObstacle(t.Obstacle) == code {
			return fmt.Errorf("%s, which would be promoted, is hindered by the same: %s", k, t.Says)
		}
	}
	return nil
}

// stillBarred refuses to open a successor when the primary, which lives, is not closed for writing any more, or is not
// about to be.
func (e *Engine) stillBarred(ctx context.Context, key topology.Key) error {
	s := e.o.Servers(key)
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	state, err := s.ReadOnly(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("whether %s is still closed for writing is not known: %w", key, err)
	case state.ReadOnly:
		return nil
	}
	waits, err := execute.ClosingWaits(ctx, s)
	if err == nil && !waits {
		err = errors.New("somebody opened it again")
	}
	if err != nil {
		return fmt.Errorf("%s is not closed for writing: %w", key, err)
	}
	return nil
}

// writeChecked is a server on which a small transaction can be tried.
type writeChecked interface {
	CheckWrite(ctx context.Context, table string) (*topology.WriteSign, error)
}

// writeChecks are the checks of one primary.
type writeChecks struct {
	running bool
	next    time.Time
	failed  string // why the last one could not be made, as it was logged
}

// checkWrites begins the write checks that are due: of the one server of each cluster that takes writes, and only by the
// node that leads. It never waits.
func (e *Engine) checkWrites(ctx context.Context, t *topology.Topology) {
	cfg := e.o.Config()
	if cfg.WriteCheckTable == "" || cfg.CannotWriteAfter() <= 0 || !e.o.Leader.IsLeader() {
		return
	}
	for _, c := range t.Clusters() {
		if i := onlyWriter(c); i != nil && e.o.Observer.Complete(c.Name) && e.takeWriteCheck(i) {
			e.goTracked(func() { e.checkWrite(ctx, i.Key) })
		}
	}
}

// onlyWriter is the primary of a cluster if it, and nobody else, takes writes; nil where that is not certain.
func onlyWriter(c *topology.Cluster) *topology.Instance {
	var writer *topology.Instance
	for _, m := range c.Members {
		switch {
		case m.ReadOnly || m.IsBinlogServer():
		case writer != nil:
			return nil
		default:
			writer = m
		}
	}
	if writer == nil || !writer.LastCheckValid() && !writer.Check.Hung || writer.HasSource() && !writer.IsCoPrimary ||
		writer.Maintenance != nil || writer.Downtime.LostInRecovery() || writer.Group.IsSecondary() {
		return nil
	}
	return writer
}

// takeWriteCheck reserves the next check of a server if it is due.
func (e *Engine) takeWriteCheck(i *topology.Instance) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.checks[i.Key]
	if w == nil {
		w = &writeChecks{}
		e.checks[i.Key] = w
	}
	now := e.o.Now()
	if w.running || now.Before(w.next) || e.busy[i.ClusterName] {
		return false
	}
	w.running, w.next = true, now.Add(e.o.Config().WriteCheckEvery())
	return true
}

// checkWrite makes one check, and shows how it ended.
func (e *Engine) checkWrite(ctx context.Context, key topology.Key) {
	cfg := e.o.Config()
	s, ok := e.o.Servers(key).(writeChecked)
	var sign *topology.WriteSign
	err := errors.New("it takes no such checks")
	if ok {
		bounded, cancel := context.WithTimeout(ctx, cfg.WriteCheckWithin())
		if err = e.o.Leader.Confirm(bounded); err == nil {
			sign, err = s.CheckWrite(bounded, cfg.WriteCheckTable)
		}
		cancel()
	}
	if ctx.Err() != nil {
		sign, err = nil, ctx.Err()
	}
	again := errors.Is(err, server.ErrLocked)
	e.o.Observer.Apply(observe.SetWriteCheck{Key: key, Sign: sign, Again: again, Until: e.o.Now().Add(2*cfg.WriteCheckEvery() + cfg.WriteCheckWithin())})
	text := ""
	if err != nil && !again && ctx.Err() == nil {
		text = err.Error()
	}
	e.mu.Lock()
	w := e.checks[key]
	w.running = false
	news := text != w.failed
	w.failed = text
	e.mu.Unlock()
	if news && text != "" {
		e.o.Logger.Warn("the write check cannot be made, so it says nothing", "server", key.String(), "table", cfg.WriteCheckTable, "error", text)
	}
}
