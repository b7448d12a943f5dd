package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/store"
)

// Nodes that share a backend have no way to each other but that: while there are several, each writes there what it sees, and
// reads what the others wrote.
const (
	// reportEvery is how often a node writes.
	reportEvery = 3 * time.Second
	// reportSpeaks is how old the word of a node may be: it may have missed writing a few times.
	reportSpeaks = 5 * reportEvery
	// forgetWithin bounds the last word of a node that ends.
	forgetWithin = time.Second
)

// reports are what this node says of itself.
type reports struct {
	parts  *parts
	engine *operate.Engine
}

// run writes until ctx ends, and then takes back what it wrote: nobody is to miss a node that has ended in order.
func (r reports) run(ctx context.Context) {
	again := time.NewTicker(reportEvery)
	defer again.Stop()
	written, failing := "", false
	for {
		select {
		case <-ctx.Done():
			r.takeBack(ctx)
			return
		case <-again.C:
		}
		if len(r.parts.health.latest().Available) <= 1 { // nobody would read it
			written = ""
			continue
		}
		config, err := r.write(ctx, written)
		if err == nil {
			written = config
		}
		if err != nil && !failing && ctx.Err() == nil {
			r.parts.log.Warn("the other managers are not told how this one is", "error", err)
		}
		failing = err != nil
	}
}

// write says how this node is. The configuration is written only where it is not the one that was written last.
func (r reports) write(ctx context.Context, written string) (config string, err error) {
	is, err := r.engine.Report(ctx, operate.ReportQuery{})
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(is)
	if err != nil {
		return "", fmt.Errorf("write the report as JSON: %w", err)
	}
	if config, err = r.engine.ConfigText(); err != nil {
		return "", err
	}
	out := store.NodeReport{Node: r.parts.storeNode(), AppVersion: r.parts.node.Version, Report: string(text)}
	if config != written {
		out.Config = config
	}
	return config, r.parts.store.SaveNodeReport(ctx, out)
}

func (r reports) takeBack(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetWithin)
	defer cancel()
	if err := r.parts.store.ForgetNodeReport(ctx, r.parts.storeNode()); err != nil {
		r.parts.log.Debug("the others will miss this node for a while", "error", err)
	}
}

// measure finds out how far the backend is that this node shares with others.
func (m fellows) measure(ctx context.Context, f *operate.NodeFacts) {
	if len(m.parts.health.latest().Available) <= 1 {
		return
	}
	trip, ahead, err := m.parts.store.Distance(ctx)
	if err != nil {
		m.parts.log.DebugContext(ctx, "the way to the backend was not measured", "error", err)
		return
	}
	f.BackendTrip = trip
	if len(store.Addresses(m.parts.config().MySQLOrchestratorHost, 0)) <= 1 { // several have a clock each
		f.Clock = &ahead
	}
}

var (
	errSilent   = errors.New("it gives no sign of life")
	errUntold   = errors.New("it says nothing of itself: it has just begun, runs with --discovery=false, or its version does not")
	errNoConfig = errors.New("it has not written its configuration yet")
)

// read is what the other nodes that share the backend wrote last.
func (m fellows) read(ctx context.Context, q operate.ReportQuery) []operate.NodeReport {
	h := m.parts.health.latest()
	if len(h.Available) <= 1 && len(h.Silent) == 0 {
		return nil
	}
	wrote, err := m.parts.store.NodeReports(ctx)
	by := make(map[string]store.NodeReport, len(wrote))
	for _, w := range wrote {
		by[w.Token] = w
	}
	var all []operate.NodeReport
	for _, n := range h.Available {
		if n.Token == m.parts.node.Token {
			continue
		}
		w, ok := by[n.Token]
		r := operate.NodeReport{Err: err}
		switch {
		case err != nil:
		case !ok:
			r.Err = errUntold
		default:
			r = reportOf(w, q)
		}
		r.Node, r.Token = n.Hostname, n.Token
		all = append(all, r)
	}
	for _, n := range h.Silent {
		all = append(all, operate.NodeReport{Node: n.Hostname, Token: n.Token, Err: errSilent})
	}
	return all
}

// reportOf answers a question by what a node wrote. Of a server that it did not name as ill it says that it is well: a report
// that had to leave some out says nothing of others.
func reportOf(w store.NodeReport, q operate.ReportQuery) (r operate.NodeReport) {
	if w.Age > reportSpeaks {
		return operate.NodeReport{Err: fmt.Errorf("it has said nothing of itself for %s", w.Age.Round(time.Second))}
	}
	if err := json.Unmarshal([]byte(w.Report), &r); err != nil {
		return operate.NodeReport{Err: fmt.Errorf("what it wrote of itself cannot be read: %w", err)}
	}
	r.Age = w.Age
	r.Asked = r.Answers(q.Servers)
	if !q.Config {
		return r
	}
	if w.Config == "" {
		return operate.NodeReport{Err: errNoConfig}
	}
	if err := json.Unmarshal([]byte(w.Config), &r.Config); err != nil {
		return operate.NodeReport{Err: fmt.Errorf("the configuration that it wrote cannot be read: %w", err)}
	}
	return r
}
