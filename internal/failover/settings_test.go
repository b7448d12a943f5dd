package failover

import (
	"testing"
	"time"

	"orchestrator/internal/config"
)

func TestPolicyOfAConfiguration(t *testing.T) {
	for name, c := range map[string]struct {
		set func(*config.Config)
		has func(Policy) bool
	}{
		"the other co-primary must be promoted": {
			func(c *config.Config) { c.CoMasterRecoveryMustPromoteOtherCoMaster = true }, func(p Policy) bool { return p.MustPromoteOther }},
		"delayed replicas are moved late": {
			func(c *config.Config) { c.PostponeReplicaRecoveryOnLagMinutes = 7 }, func(p Policy) bool { return p.PostponeDelayed == 7*time.Minute }},
		"exact semi-sync": {
			func(c *config.Config) { c.EnforceExactSemiSyncReplicas = true }, func(p Policy) bool { return p.ExactSemiSync }},
		"enough semi-sync": {
			func(c *config.Config) { c.RecoverLockedSemiSyncMaster = true }, func(p Policy) bool { return p.EnoughSemiSync }},
		"read-only primaries are opened": {
			func(c *config.Config) { c.RecoverNonWriteableMaster = true }, func(p Policy) bool { return p.OpenNonWriteable }},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config.Default()
			cfg.CoMasterRecoveryMustPromoteOtherCoMaster = false
			if c.has(PolicyOf(cfg)) {
				t.Fatal("the policy has it before it is asked for")
			}
			c.set(cfg)
			if !c.has(PolicyOf(cfg)) {
				t.Error("the policy does not have it")
			}
		})
	}
}
