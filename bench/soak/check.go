package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"orchestrator/bench/manager"
	"orchestrator/internal/sandbox"
)

// errantFor is for how long the primary may lack what a replica has, before that counts as errant.
const errantFor = 2 * time.Second

// checkServers looks at settings and GTIDs of all servers after a round.
func (s *series) checkServers(ctx context.Context, r *result) error {
	if err := s.cluster.AwaitReplication(ctx); err != nil {
		return err
	}
	for _, n := range s.cluster.Nodes() {
		waits, err := s.waitsForReceipts(ctx, n)
		if err != nil {
			return err
		}
		if n == s.primary {
			if !waits {
				r.gaps = append(r.gaps, fmt.Sprintf("the new primary %s does not wait for receipts", n))
			}
			continue
		}
		if waits {
			r.gaps = append(r.gaps, fmt.Sprintf("semi-sync's source side is still on, on the replica %s", n))
		}
		if readOnly, err := n.ReadOnly(ctx); err != nil {
			return err
		} else if !readOnly {
			r.gaps = append(r.gaps, fmt.Sprintf("the replica %s is writable", n))
		}
		status, replicates, err := n.Replica(ctx)
		if err != nil {
			return err
		}
		if !replicates || status.SourcePort != s.primary.Port || !status.UsesGTID {
			r.gaps = append(r.gaps, fmt.Sprintf("%s is no replica of the primary by GTID: %s", n, status))
		}
		// With AFTER_SYNC a replica has a transaction before the primary counts it as committed.
		var extra string
		settled, cancel := context.WithTimeout(ctx, errantFor)
		_ = manager.Await(settled, 20*time.Millisecond, func() bool { extra, err = s.errant(ctx, n); return err != nil || extra == "" })
		cancel()
		if err != nil {
			return err
		}
		if extra != "" {
			r.gaps = append(r.gaps, fmt.Sprintf("%s holds what the primary lacks: %s", n, extra))
		}
	}
	return nil
}

// waitsForReceipts says whether the source side of semi-sync is on.
func (s *series) waitsForReceipts(ctx context.Context, n *sandbox.Node) (bool, error) {
	word := "source"
	if s.flavor == sandbox.MariaDB {
		word = "master"
	}
	var on bool
	err := n.Scan(ctx, "SELECT @@global.rpl_semi_sync_"+word+"_enabled", &on)
	return on, err
}

// errant names what a replica's binary log has and the primary's has not. The replica is read first: the primary moves.
func (s *series) errant(ctx context.Context, n *sandbox.Node) (string, error) {
	var have, there, extra string
	if s.flavor == sandbox.MariaDB {
		if err := n.Scan(ctx, "SELECT @@global.gtid_binlog_state", &have); err != nil {
			return "", err
		}
		if err := s.primary.Scan(ctx, "SELECT @@global.gtid_binlog_state", &there); err != nil {
			return "", err
		}
		return beyond(have, there)
	}
	if err := n.Scan(ctx, "SELECT @@global.gtid_executed", &have); err != nil {
		return "", err
	}
	err := s.primary.Scan(ctx, "SELECT GTID_SUBTRACT('"+strings.ReplaceAll(have, "\n", "")+"', @@global.gtid_executed)", &extra)
	return extra, err
}

// beyond lists those GTIDs of one MariaDB binary log state whose number another one has not reached, by domain and server.
func beyond(have, there string) (string, error) {
	reached, err := lastNumbers(there)
	if err != nil {
		return "", err
	}
	ours, err := lastNumbers(have)
	if err != nil {
		return "", err
	}
	var extra []string
	for origin, number := range ours {
		if reached[origin] < number {
			extra = append(extra, fmt.Sprintf("%s-%d", origin, number))
		}
	}
	return strings.Join(extra, ","), nil
}

// lastNumbers is the last sequence number of each "domain-server".
func lastNumbers(state string) (map[string]uint64, error) {
	last := map[string]uint64{}
	for g := range strings.SplitSeq(state, ",") {
		if g = strings.TrimSpace(g); g == "" {
			continue
		}
		at := strings.LastIndexByte(g, '-')
		number, err := strconv.ParseUint(g[at+1:], 10, 64)
		if at < 0 || err != nil {
			return nil, fmt.Errorf("GTID %q: want domain-server-number", g)
		}
		last[g[:at]] = number
	}
	return last, nil
}
