package fidelity

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"orchestrator/bench/manager"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sim"
)

var whole = flag.Bool("whole", false, "play all scripts on real servers, not only a choice")

// brief are the scripts that every run of the tests plays on real servers: some of each kind that share their servers.
var brief = []string{
	"the primary is killed and comes back",
	"the primary goes on with a commit that nobody acknowledged",
	"an intermediate source is killed",
	"the preferred replica has received and not applied",
	"the primary comes back with what nobody received",
	"a takeover by a replica that does not receive is refused",
}

// TestRealServersEndAsTheSimulatorDoes plays scripts in both worlds.
func TestRealServersEndAsTheSimulatorDoes(t *testing.T) {
	if testing.Short() {
		t.Skip("needs real servers: left out in short mode")
	}
	binary := filepath.Join(t.TempDir(), "orchestrator")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, "../../../cmd/orchestrator").CombinedOutput(); err != nil {
		t.Fatalf("build the manager: %v\n%s", err, out)
	}
	for _, flavor := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		t.Run(flavor.String(), func(t *testing.T) {
			t.Parallel()
			s := &stage{binary: binary, flavor: flavor}
			defer s.close(t)
			scripts := chosen(flavor)
			for _, script := range scripts {
				t.Run(script.Name, func(t *testing.T) { s.compare(t, &script) })
			}
			t.Logf("%s: %d of %d scripts ended as simulated, %d of them when they were played again", flavor, s.equal, len(scripts), s.again)
			if len(scripts) < len(brief) {
				t.Errorf("there are %d scripts only", len(scripts))
			}
		})
	}
}

// chosen are the scripts to be played on real servers, those with the same servers together.
func chosen(flavor sandbox.Flavor) []Script {
	all := slices.DeleteFunc(Scripts(), func(s Script) bool {
		return s.Only != "" && s.Only != flavor.String() || !*whole && !slices.Contains(brief, s.Name)
	})
	order := func(s *Script) int {
		m, n := s.makeUp(), 0
		for bit, on := range []bool{m.semiSync, m.opens, m.byPosition} {
			if on {
				n += 1 << bit
			}
		}
		return n
	}
	slices.SortStableFunc(all, func(a, b Script) int { return cmp.Compare(order(&a), order(&b)) })
	return all
}

// stage is where scripts are played one after the other, on servers that they share.
type stage struct {
	binary  string
	flavor  sandbox.Flavor
	cluster *sandbox.Cluster
	made    makeUp

	equal, again int // scripts that ended as simulated, and those of them that did not at first
}

func (s *stage) close(t *testing.T) {
	t.Helper()
	if s.cluster == nil {
		return
	}
	if err := s.cluster.Close(); err != nil {
		t.Errorf("close the servers: %v", err)
	}
	s.cluster = nil
}

// servers gives a script its servers: those of the one before it, or new ones.
func (s *stage) servers(t *testing.T, script *Script) *sandbox.Cluster {
	t.Helper()
	if s.cluster != nil && s.made != script.makeUp() {
		s.close(t)
	}
	if s.cluster != nil {
		err := s.prepare(t, script)
		if err == nil {
			return s.cluster
		}
		// The last statement of the manager before may still be on its way in a server.
		t.Logf("new servers, because those of the script before cannot be prepared: %v", err)
		s.close(t)
	}
	s.made = script.makeUp()
	s.cluster = boot(t, s.flavor, s.made)
	if err := s.prepare(t, script); err != nil {
		t.Fatalf("prepare the servers: %v", err)
	}
	return s.cluster
}

func (s *stage) prepare(t *testing.T, script *Script) error {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return reset(ctx, s.cluster, script)
}

// compare plays a script in both worlds. One that ends differently is played again, with new servers: on a busy machine a
// server may miss a deadline of the manager, which then rightly counts it as lost. What differs both times, differs.
func (s *stage) compare(t *testing.T, script *Script) {
	expected, _ := simulate(t, sim.NewRunner(), script, s.flavor == sandbox.MariaDB, 1)
	err := s.playOnce(t, script, expected)
	if err != nil {
		t.Logf("played again, because the first time %v", err)
		s.close(t)
		if err = s.playOnce(t, script, expected); err == nil {
			s.again++
		}
	}
	if err != nil {
		t.Error(err)
		s.close(t) // the next one begins anew
		return
	}
	s.equal++
}

// playOnce plays a script on real servers. The error is how that differed from the simulator, and from what the script wants.
func (s *stage) playOnce(t *testing.T, script *Script, expected []sim.Outcome) error {
	w := &realWorld{script: script, cluster: s.servers(t, script), expected: expected, hangs: map[string]bool{}}
	seen, err := s.play(t, w)
	for n, o := range seen {
		t.Logf("settled:\n  %s", strings.Join(o.Lines(), "\n  "))
		if left := differences(expected[n], o); len(left) > 0 {
			err = errors.Join(err, fmt.Errorf("settling %d differs:\n  %s", n+1, strings.Join(left, "\n  ")))
		}
	}
	if len(seen) == len(expected) {
		if left := unmet(script, seen[len(seen)-1]); len(left) > 0 {
			err = errors.Join(err, fmt.Errorf("it lacks\n  %s", strings.Join(left, "\n  ")))
		}
	}
	return err
}

// play plays a script on real servers with a manager of its own.
func (s *stage) play(t *testing.T, w *realWorld) (seen []sim.Outcome, err error) {
	ctx, cancel := context.WithCancel(t.Context())
	w.ctx = ctx
	settings := w.script.settings()
	maps.Copy(settings, classification(w.script))
	settings["DiscoverySeeds"] = w.cluster.Addrs()[:len(w.script.Servers)]
	if w.manager, err = manager.Start(ctx, s.binary, w.cluster, settings); err != nil {
		cancel()
		return nil, err
	}
	began := time.Now()
	defer func() {
		if err != nil {
			w.manager.PrintSteps(ctx, t.Output())
			t.Logf("the manager's log:\n%s", w.manager.LogTail())
		}
		err = errors.Join(err, w.manager.Stop())
		for name := range w.hangs {
			err = errors.Join(err, w.node(name).Thaw())
		}
		cancel()
		w.work.Wait()
		t.Logf("played in %s", time.Since(began).Round(time.Millisecond))
	}()
	bounded, stop := context.WithTimeout(ctx, patience)
	defer stop()
	if err := w.manager.AwaitPicture(bounded, len(w.script.Servers)); err != nil {
		return nil, err
	}
	return play(w, w.script)
}
