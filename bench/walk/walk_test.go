package main

import (
	"testing"
	"time"

	"orchestrator/internal/sandbox"
)

// TestShortWalk walks a little, with the same choices each time as far as the servers let it.
func TestShortWalk(t *testing.T) {
	if testing.Short() {
		t.Skip("needs real servers: left out in short mode")
	}
	for name, o := range map[string]options{
		"MariaDB":                {flavor: sandbox.MariaDB, gtid: true},
		"MySQL":                  {flavor: sandbox.MySQL, gtid: true},
		"MySQL 5.6, by position": {flavor: sandbox.MySQL56},
	} {
		t.Run(name, func(t *testing.T) {
			o.nodes, o.steps, o.rest, o.seed, o.interval, o.say = 7, 40, 20, 11, 8*time.Millisecond, t.Logf
			result, err := walk(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if len(result.times) != o.steps || len(result.done) < 8 || result.rows == 0 {
				t.Errorf("it was too short: %s, %v", result, result.done)
			}
		})
	}
}
