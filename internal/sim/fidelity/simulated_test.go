package fidelity

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"orchestrator/internal/sim"
)

// families are those of real servers.
func families() []bool { return []bool{true, false} }

func familyName(mariadb bool) string {
	if mariadb {
		return MariaDB
	}
	return MySQL
}

// simulate plays a script on the simulator.
func simulate(t *testing.T, r *sim.Runner, s *Script, mariadb bool, seed uint64) (seen []sim.Outcome, result *sim.Result) {
	t.Helper()
	var err error
	synctest.Test(t, func(*testing.T) { seen, result, err = Simulate(r, s, mariadb, seed) })
	if err != nil {
		t.Fatalf("on the simulator: %v\n%s", err, result.Story())
	}
	return seen, result
}

// unmet are the lines that a script wants and an outcome lacks.
func unmet(s *Script, o sim.Outcome) []string {
	lines := o.Lines()
	return slices.DeleteFunc(slices.Clone(s.Want), func(want string) bool { return slices.Contains(lines, want) })
}

// eachPlay does something with each script in each family that it is for.
func eachPlay(t *testing.T, do func(t *testing.T, s *Script, mariadb bool)) {
	for _, s := range Scripts() {
		for _, mariadb := range families() {
			if s.Only != "" && s.Only != familyName(mariadb) {
				continue
			}
			t.Run(s.Name+"/"+familyName(mariadb), func(t *testing.T) { do(t, &s, mariadb) })
		}
	}
}

func TestSimulatedScriptsEndAsTheyWant(t *testing.T) {
	r := sim.NewRunner()
	eachPlay(t, func(t *testing.T, s *Script, mariadb bool) {
		seen, result := simulate(t, r, s, mariadb, 1)
		end := seen[len(seen)-1]
		if left := unmet(s, end); len(left) > 0 || len(result.Violations) > 0 {
			t.Errorf("it lacks\n  %s\nof\n  %s\n%s", strings.Join(left, "\n  "), strings.Join(end.Lines(), "\n  "), result.Story())
		}
		if testing.Verbose() {
			for _, o := range seen {
				t.Logf("settled:\n  %s", strings.Join(o.Lines(), "\n  "))
			}
		}
	})
}

// TestScriptsLeaveNothingToChance plays them with other seeds: what may end in two ways cannot be compared with real servers.
func TestScriptsLeaveNothingToChance(t *testing.T) {
	r := sim.NewRunner()
	eachPlay(t, func(t *testing.T, s *Script, mariadb bool) {
		first, _ := simulate(t, r, s, mariadb, 1)
		for seed := range uint64(2) {
			again, result := simulate(t, r, s, mariadb, seed+2)
			for n := range first {
				if left := differences(first[n], again[n]); len(left) > 0 {
					t.Errorf("seed %d, settling %d: %s\n%s", seed+2, n+1, strings.Join(left, "\n  "), result.Story())
				}
			}
		}
	})
}

func TestScriptsHaveNamesOfTheirOwnAndWantSomething(t *testing.T) {
	seen, of := map[string]bool{}, map[string]int{}
	for _, s := range Scripts() {
		if s.Name == "" || seen[s.Name] {
			t.Errorf("the name %q is there twice, or is none", s.Name)
		}
		seen[s.Name] = true
		of[s.Only]++
		if len(s.Want) == 0 {
			t.Errorf("%q wants nothing", s.Name)
		}
	}
	for _, name := range brief {
		if !seen[name] {
			t.Errorf("there is no script %q to play on real servers each time", name)
		}
	}
	t.Logf("%d scripts for both families, %d for MariaDB only, %d for MySQL only", of[""], of[MariaDB], of[MySQL])
}
