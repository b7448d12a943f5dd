package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"orchestrator/bench/manager"
	"orchestrator/internal/sandbox"
)

// What may happen to the primary.
const (
	kill      = "kill"
	freeze    = "freeze"
	cut       = "cut"
	cutClient = "cut-client"
)

// series is one cluster with everything around it, and what came of its rounds.
type series struct {
	o       options
	flavor  sandbox.Flavor
	network *sandbox.Network // nil without cuts
	cluster *sandbox.Cluster
	manager *manager.Manager
	rebuild *rebuilder
	load    *sandbox.Load
	sampler *sampler
	random  *rand.Rand

	primary *sandbox.Node
	checked time.Time // until when writers were counted
	results []result
}

// setUpWithin bounds the start of a series, and each of its rounds.
const (
	setUpWithin = 2 * time.Minute
	roundWithin = 2 * time.Minute
)

func newSeries(ctx context.Context, o options, flavor sandbox.Flavor) (s *series, err error) {
	s = &series{o: o, flavor: flavor, random: rand.New(rand.NewPCG(o.seed, uint64(flavor)))}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	bounded, cancel := context.WithTimeout(ctx, setUpWithin)
	defer cancel()
	options := sandbox.Options{
		Flavor: flavor, Nodes: o.nodes, GTID: true, SemiSync: true, NetTimeout: time.Minute, ExtraOptions: settings(flavor),
	}
	if o.has(cut) {
		if s.network, err = sandbox.NewNetwork(bounded, o.nodes); err != nil {
			return s, err
		}
		options.NodeAddress, options.NodeNamespace = map[int]string{}, map[int]string{}
		for i := range o.nodes {
			options.NodeAddress[i], options.NodeNamespace[i] = s.network.Address(i), s.network.Path(i)
		}
	}
	if s.cluster, err = sandbox.Start(bounded, options); err != nil {
		return s, err
	}
	s.primary = s.cluster.Node(0)
	if err := s.primary.ExecAs(bounded, sandbox.UserApp, "CREATE TABLE "+ownSideTable+" (id BIGINT PRIMARY KEY AUTO_INCREMENT)"); err != nil {
		return s, err
	}
	if s.rebuild, err = startRebuilder(ctx, s.cluster); err != nil {
		return s, err
	}
	if s.manager, err = manager.Start(ctx, o.binary, s.cluster, s.managed()); err != nil {
		return s, err
	}
	if err := s.manager.AwaitPicture(bounded, o.nodes); err != nil {
		return s, err
	}
	s.load, err = sandbox.StartLoad(ctx, s.cluster.Addrs, sandbox.LoadOptions{
		Interval: o.interval, Timeout: 250 * time.Millisecond, MaxRows: 10_000_000,
	})
	if err != nil {
		return s, err
	}
	s.checked = time.Now()
	s.sampler = startSampler(ctx, s.cluster)
	return s, s.load.AwaitCommits(bounded, 100)
}

// settings are those of servers that rather wait than acknowledge what no replica has received.
func settings(flavor sandbox.Flavor) map[string]string {
	const hour = "3600000" // ms
	if flavor == sandbox.MariaDB {
		return map[string]string{
			"rpl_semi_sync_master_timeout": hour,
			// After a crash, what was not acknowledged is taken out of the binary log again.
			"loose-init-rpl-role": "SLAVE",
		}
	}
	return map[string]string{"loose-rpl_semi_sync_source_timeout": hour, "plugin-load-add": "mysql_clone.so"}
}

// managed is what the manager is told beyond its defaults: what consecutive failovers and semi-sync need, and that it may
// rebuild servers, and how where they cannot do so themselves.
func (s *series) managed() map[string]any {
	return map[string]any{
		"RecoveryPeriodBlockSeconds": 1, "AuditToBackendDB": true, "DetectSemiSyncEnforcedQuery": "SELECT 1",
		"AutoRejoin": "clone", "RebuildProcesses": []string{s.rebuild.command()},
	}
}

func (s *series) close() error {
	var errs []error
	if s.sampler != nil {
		s.sampler.stop()
	}
	if s.load != nil {
		s.load.Stop()
	}
	if s.manager != nil {
		errs = append(errs, s.manager.Stop())
	}
	if s.rebuild != nil {
		errs = append(errs, s.rebuild.close())
	}
	if s.cluster != nil {
		if err := s.cluster.Close(); err != nil {
			errs = append(errs, fmt.Errorf("close the cluster: %w", err))
		}
	}
	if s.network != nil {
		errs = append(errs, s.network.Close(context.Background()))
	}
	return errors.Join(errs...)
}

// run does the rounds and looks at the data at the end.
func (s *series) run(ctx context.Context) error {
	began := time.Now()
	var broken []error
	for i := range s.o.rounds {
		if s.o.budget > 0 && time.Since(began) > s.o.budget {
			break
		}
		kind := s.o.kinds[s.random.IntN(len(s.o.kinds))]
		hold := time.Duration(s.random.Int64N(int64(3 * time.Second)))
		r, err := s.round(ctx, kind, hold)
		s.results = append(s.results, r)
		if s.o.verbose {
			s.manager.PrintSteps(ctx, os.Stderr)
			fmt.Fprintf(os.Stderr, "%s  %s round %d: %s\n", time.Now().Format("15:04:05.000"), s.flavor, i+1, r.describe())
		}
		if err == nil {
			err = r.broken()
		}
		if err == nil {
			continue
		}
		broken = append(broken, fmt.Errorf("round %d (%s): %w", i+1, kind, err))
		if s.o.verbose {
			fmt.Fprintf(os.Stderr, "%v\nthe manager's log:\n%s\n", err, s.manager.LogTail())
		}
		if !s.o.keepOn || r.unfinished {
			return errors.Join(broken...)
		}
	}
	return errors.Join(append(broken, s.compare(ctx))...)
}

// sameData is an error where servers hold something else, and go on doing so: the last write, of which the application did not
// wait for the end, may be on a replica before the primary has the acknowledgement for it.
func (s *series) sameData(ctx context.Context) error {
	enough, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		err := s.cluster.SameData(ctx, sandbox.LoadTable, ownSideTable)
		if err == nil {
			return nil
		}
		select {
		case <-enough.Done():
			return err
		case <-again.C:
		}
	}
}

// compare looks whether all servers hold the same at the end.
func (s *series) compare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, roundWithin)
	defer cancel()
	done := s.load.Stop()
	if err := s.cluster.AwaitCaughtUp(ctx); err != nil {
		return err
	}
	if err := s.sameData(ctx); err != nil {
		return err
	}
	for _, n := range s.cluster.Nodes() {
		missing, err := done.Missing(ctx, n)
		if err != nil {
			return err
		}
		if len(missing) > 0 {
			return fmt.Errorf("%s lacks %d of %d acknowledged rows", n, len(missing), len(done.Commits))
		}
	}
	return nil
}
