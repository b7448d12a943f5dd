//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"orchestrator/bench/fleet"
	"orchestrator/internal/topology"
)

const (
	discoveryPoll = 250 * time.Millisecond
	detectionPoll = 20 * time.Millisecond
	samplePoll    = time.Second
	freshness     = 5 * time.Second // how old what is known of a server may be
)

// result is everything that was measured.
type result struct {
	settings  settings
	clusters  int
	discovery time.Duration

	askedMean, askedLeast float64 // share of living servers that were probed within freshness, over the samples
	intervals             *fleet.Intervals
	cpu, fleetCPU         float64 // processors, on average
	rss                   int64   // the most, in bytes
	perServer             float64 // connections
	mostPerServer         int64

	first, all, verdict time.Duration // until the first and the last killed primary was named, and the last as dead
	codes               []string      // what they were said to have, at the end
	timings             []timing
	unknown             []string
}

// bench is a measurement that is under way.
type bench struct {
	settings
	fleet   *fleet.Fleet
	process *process
	api     *api
	result  *result
}

func (b *bench) say(format string, args ...any) {
	// Progress that nobody can read is no reason to stop.
	_, _ = fmt.Fprintf(b.progress, format+"\n", args...)
}

// measure does the whole measurement. When it returns, nothing runs any more.
func measure(ctx context.Context, s settings) (r *result, err error) {
	directory, err := os.MkdirTemp("", "fleetbench-")
	if err != nil {
		return nil, fmt.Errorf("make a directory: %w", err)
	}
	if s.keep {
		defer func() { _, _ = fmt.Fprintln(s.progress, "the manager's files are in", directory) }()
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	}
	s.fleet.User, s.fleet.Password = user, password
	f, err := fleet.New(s.fleet)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := f.Start(ctx); err != nil {
		return nil, err
	}
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	config, err := writeConfig(directory, address, f.Seeds(), s.overrides)
	if err != nil {
		return nil, err
	}
	var arguments []string
	for _, a := range s.arguments {
		arguments = append(arguments, strings.ReplaceAll(a, "%s", config))
	}
	p, err := startProcess(directory, s.binary, arguments)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	b := &bench{settings: s, fleet: f, process: p, api: newAPI(address), result: &result{settings: s}}
	defer b.api.close()
	if err := p.while(ctx, b.run); err != nil {
		return nil, err
	}
	return b.result, nil
}

// run does the parts of the measurement one after the other.
func (b *bench) run(ctx context.Context) error {
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"discover the fleet", b.discover},
		{"look at the quiet fleet", b.observe},
		{"detect dead primaries", b.detect},
		{"time the API", b.timeAPI},
	} {
		b.say("%s …", part.name)
		if err := part.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.result.unknown = b.fleet.Stats().Unknown
	return nil
}

// discover waits until the manager knows all servers.
func (b *bench) discover(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, b.discovery, fmt.Errorf("not finished within %v", b.discovery))
	defer cancel()
	began := time.Now()
	known := 0
	var unanswered error
	err := every(ctx, discoveryPoll, func() (bool, error) {
		clusters, err := b.api.clusters(ctx)
		if unanswered = err; err != nil {
			return false, nil // it is not listening yet; an end of the process is noticed elsewhere
		}
		known = 0
		for _, c := range clusters {
			known += c.CountInstances
		}
		b.result.clusters = len(clusters)
		return known >= b.fleet.Len() && b.fleet.Stats().Asked == b.fleet.Len(), nil
	})
	if err != nil {
		return fmt.Errorf("%d of %d servers known, %d asked: %w", known, b.fleet.Len(), b.fleet.Stats().Asked, errors.Join(err, unanswered))
	}
	b.result.discovery = time.Since(began)
	return nil
}

// observe looks at the manager while nothing happens.
func (b *bench) observe(ctx context.Context) error {
	if err := wait(ctx, b.settle); err != nil {
		return err
	}
	b.fleet.ResetStats()
	before, err := usageOf(b.process.pid())
	if err != nil {
		return err
	}
	ownBefore, err := ownCPU()
	if err != nil {
		return err
	}
	r := b.result
	r.askedLeast = 1
	samples := max(1, int(b.duration/samplePoll))
	after := before
	for range samples {
		if err := wait(ctx, samplePoll); err != nil {
			return err
		}
		if after, err = usageOf(b.process.pid()); err != nil {
			return err
		}
		asked := b.fleet.Stats().SinceLastProbe.Within(freshness)
		r.askedMean += asked / float64(samples)
		r.askedLeast = min(r.askedLeast, asked)
		r.rss = max(r.rss, after.rss)
	}
	own, err := ownCPU()
	if err != nil {
		return err
	}
	elapsed := after.at.Sub(before.at).Seconds()
	r.cpu, r.fleetCPU = (after.cpu-before.cpu).Seconds()/elapsed, (own-ownBefore).Seconds()/elapsed
	stats := b.fleet.Stats()
	r.intervals, r.perServer, r.mostPerServer = stats.Intervals, stats.PerServer, stats.MostPerServer
	return nil
}

// detect kills primaries at the same time and waits until the manager has named all of them.
func (b *bench) detect(ctx context.Context) error {
	if b.kills == 0 {
		return nil
	}
	victims := b.fleet.LivingPrimaries(b.kills)
	began := time.Now()
	var killing errgroup.Group
	for _, i := range victims {
		killing.Go(func() error { return b.fleet.Kill(i) })
	}
	if err := killing.Wait(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, b.detection, fmt.Errorf("not finished within %v", b.detection))
	defer cancel()
	r := b.result
	named := 0
	err := every(ctx, detectionPoll, func() (bool, error) {
		found, err := b.api.findings(ctx)
		if err != nil {
			return false, err
		}
		var dead int
		named, dead, r.codes = verdicts(found, b.keys(victims))
		now := time.Since(began)
		if named > 0 && r.first == 0 {
			r.first = now
		}
		if named == len(victims) && r.all == 0 {
			r.all = now
		}
		r.verdict = now
		return dead == len(victims), nil
	})
	if err != nil {
		return fmt.Errorf("%d of %d dead primaries named, as %s: %w", named, len(victims), strings.Join(r.codes, ", "), err)
	}
	return nil
}

func (b *bench) keys(indexes []int) []topology.Key {
	var list []topology.Key
	for _, i := range indexes {
		list = append(list, b.fleet.Key(i))
	}
	return list
}

// verdicts counts the servers that are named with any finding, and those that are said to be dead, and gives the
// different findings.
func verdicts(found map[topology.Key][]string, victims []topology.Key) (named, dead int, codes []string) {
	for _, k := range victims {
		if len(found[k]) == 0 {
			continue
		}
		named++
		if slices.ContainsFunc(found[k], func(code string) bool { return strings.HasPrefix(code, "DeadMaster") }) {
			dead++
		}
		codes = append(codes, found[k]...)
	}
	slices.Sort(codes)
	return named, dead, slices.Compact(codes)
}

// timeAPI times the requests that pages and tools make again and again.
func (b *bench) timeAPI(ctx context.Context) error {
	clusters, err := b.api.clusters(ctx)
	if err != nil {
		return err
	}
	if len(clusters) == 0 {
		return errors.New("the manager knows no cluster")
	}
	for _, p := range [][2]string{
		{"clusters-info", "clusters-info"},
		{"cluster/X", clusterPath(clusters[len(clusters)/2].ClusterName)},
		{"replication-analysis", "replication-analysis"},
		{"problems", "problems"},
	} {
		t, err := b.api.timed(ctx, p[0], p[1], b.requests)
		if err != nil {
			return err
		}
		b.result.timings = append(b.result.timings, t)
	}
	return nil
}

// every calls done until it says so, with a pause after each call.
func every(ctx context.Context, pause time.Duration, done func() (bool, error)) error {
	for {
		ok, err := done()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if ok || err != nil {
			return err
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// freeAddress finds a loopback address that nobody listens on at present.
func freeAddress(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return ln.Addr().String(), ln.Close()
}
