package config

import (
	"math"
	"time"
)

// lostInRecovery is the downtime of servers lost in a failover when no length is configured.
const lostInRecovery = 365 * 24 * time.Hour

// span is n units; 0 when n is negative, and the longest Duration when it would be more.
func span[N int | uint | int64](n N, unit time.Duration) time.Duration {
	if n <= 0 {
		return 0
	}
	if uint64(n) > uint64(math.MaxInt64/unit) {
		return math.MaxInt64
	}
	return time.Duration(n) * unit
}

// InstancePoll is the target interval between probes of one instance.
func (c *Config) InstancePoll() time.Duration { return span(c.InstancePollSeconds, time.Second) }

// ReasonableInstanceCheck is the extra time before a last check no longer counts as valid.
func (c *Config) ReasonableInstanceCheck() time.Duration {
	return span(c.ReasonableInstanceCheckSeconds, time.Second)
}

// DeadInstancePollMax is the longest delay between probes of an instance that cannot be reached.
func (c *Config) DeadInstancePollMax() time.Duration {
	return span(c.DeadInstancePollSecondsMax, time.Second)
}

// MySQLConnectTimeout bounds connecting to backend and managed servers.
func (c *Config) MySQLConnectTimeout() time.Duration {
	return span(c.MySQLConnectTimeoutSeconds, time.Second)
}

// MySQLOrchestratorReadTimeout bounds one read from the backend; 0 = none.
func (c *Config) MySQLOrchestratorReadTimeout() time.Duration {
	return span(c.MySQLOrchestratorReadTimeoutSeconds, time.Second)
}

// MySQLDiscoveryReadTimeout bounds one read from a managed server while probing; 0 = none.
func (c *Config) MySQLDiscoveryReadTimeout() time.Duration {
	return span(c.MySQLDiscoveryReadTimeoutSeconds, time.Second)
}

// MySQLTopologyReadTimeout bounds one read from a managed server in all other statements; 0 = none.
func (c *Config) MySQLTopologyReadTimeout() time.Duration {
	return span(c.MySQLTopologyReadTimeoutSeconds, time.Second)
}

// ProcessesTimeout bounds one hook; 0 = no limit.
func (c *Config) ProcessesTimeout() time.Duration {
	return span(c.ProcessesTimeoutSeconds, time.Second)
}

// MySQLConnectionLifetime is the longest life of a pooled connection; 0 = for ever.
func (c *Config) MySQLConnectionLifetime() time.Duration {
	return span(c.MySQLConnectionLifetimeSeconds, time.Second)
}

// InstanceFlushInterval is the longest time between two batches of buffered instance writes.
func (c *Config) InstanceFlushInterval() time.Duration {
	return span(c.InstanceFlushIntervalMilliseconds, time.Millisecond)
}

// TLSCacheTTL is how long it is remembered whether a server wants TLS.
func (c *Config) TLSCacheTTL() time.Duration {
	if c.InstancePollSeconds != 0 && c.TLSCacheTTLFactor > math.MaxUint/c.InstancePollSeconds {
		return math.MaxInt64
	}
	return span(c.TLSCacheTTLFactor*c.InstancePollSeconds, time.Second)
}

// UnseenInstanceForget is the age at which an instance that is not seen is forgotten.
func (c *Config) UnseenInstanceForget() time.Duration {
	return span(c.UnseenInstanceForgetHours, time.Hour)
}

// SnapshotTopologiesInterval is the interval of topology snapshots; 0 = off.
func (c *Config) SnapshotTopologiesInterval() time.Duration {
	return span(c.SnapshotTopologiesIntervalHours, time.Hour)
}

// InstanceBulkOperationsWaitTimeout bounds the wait for one instance during bulk operations.
func (c *Config) InstanceBulkOperationsWaitTimeout() time.Duration {
	return span(c.InstanceBulkOperationsWaitTimeoutSeconds, time.Second)
}

// DiscoveryCollectionRetention is how long discovery metrics are kept.
func (c *Config) DiscoveryCollectionRetention() time.Duration {
	return span(c.DiscoveryCollectionRetentionSeconds, time.Second)
}

// ExpiryHostnameResolves is how long a resolved name is remembered.
func (c *Config) ExpiryHostnameResolves() time.Duration {
	return span(c.ExpiryHostnameResolvesMinutes, time.Minute)
}

// InstancePoolExpiry is how long a pool membership lasts.
func (c *Config) InstancePoolExpiry() time.Duration {
	return span(c.InstancePoolExpiryMinutes, time.Minute)
}

// CandidateInstanceExpire is how long a registered promotion rule lasts.
func (c *Config) CandidateInstanceExpire() time.Duration {
	return span(c.CandidateInstanceExpireMinutes, time.Minute)
}

// ReasonableReplicationLag is the lag above which a replica counts as lagging.
func (c *Config) ReasonableReplicationLag() time.Duration {
	return span(c.ReasonableReplicationLagSeconds, time.Second)
}

// CannotWriteAfter is how long something must keep a primary from taking writes before there is a finding; 0 is never.
func (c *Config) CannotWriteAfter() time.Duration { return span(c.CannotWriteSeconds, time.Second) }

// WriteCheckEvery is the time from one write check of a primary to the next.
func (c *Config) WriteCheckEvery() time.Duration { return span(c.WriteCheckSeconds, time.Second) }

// WriteCheckWithin is how long one write check may take. Waiting for locks takes up to a second of it.
func (c *Config) WriteCheckWithin() time.Duration { return max(c.WriteCheckEvery(), 2*time.Second) }

// ReasonableMaintenanceReplicationLag is the lag above which planned moves and takeovers are refused.
func (c *Config) ReasonableMaintenanceReplicationLag() time.Duration {
	return span(c.ReasonableMaintenanceReplicationLagSeconds, time.Second)
}

// ReasonableLockedSemiSync is how long a primary must not have moved to count as locked by semi-sync.
func (c *Config) ReasonableLockedSemiSync() time.Duration {
	return span(c.ReasonableLockedSemiSyncMasterSeconds, time.Second)
}

// FailureDetectionPeriodBlock is how long a detection stays active.
func (c *Config) FailureDetectionPeriodBlock() time.Duration {
	return span(c.FailureDetectionPeriodBlockMinutes, time.Minute)
}

// RecoveryPeriodBlock is the anti-flapping period; 0 = none.
func (c *Config) RecoveryPeriodBlock() time.Duration {
	return span(c.RecoveryPeriodBlockSeconds, time.Second)
}

// LostInstancesDowntime is the downtime of servers lost in a failover: the configured one, or 365 days.
func (c *Config) LostInstancesDowntime() time.Duration {
	if c.MasterFailoverLostInstancesDowntimeMinutes == 0 {
		return lostInRecovery
	}
	return span(c.MasterFailoverLostInstancesDowntimeMinutes, time.Minute)
}

// FailPromotionOnLag is the lag at which a promotion is cancelled; 0 = never.
func (c *Config) FailPromotionOnLag() time.Duration {
	return span(c.FailMasterPromotionOnLagMinutes, time.Minute)
}

// PostponeReplicaRecoveryOnLag is the delay at which replicas are relocated last; 0 = never.
func (c *Config) PostponeReplicaRecoveryOnLag() time.Duration {
	return span(c.PostponeReplicaRecoveryOnLagMinutes, time.Minute)
}

// AuditPurge is the age at which audit and recovery rows are removed.
func (c *Config) AuditPurge() time.Duration { return span(c.AuditPurgeDays, 24*time.Hour) }

// AccessTokenUseExpiry is how long a public token may be redeemed.
func (c *Config) AccessTokenUseExpiry() time.Duration {
	return span(c.AccessTokenUseExpirySeconds, time.Second)
}

// AccessTokenExpiry is the lifetime of a token.
func (c *Config) AccessTokenExpiry() time.Duration {
	return span(c.AccessTokenExpiryMinutes, time.Minute)
}

// GraphitePoll is the interval between pushes; 0 = off.
func (c *Config) GraphitePoll() time.Duration { return span(c.GraphitePollSeconds, time.Second) }

// AgentPoll is the interval between polls of an agent.
func (c *Config) AgentPoll() time.Duration { return span(c.AgentPollMinutes, time.Minute) }

// UnseenAgentForget is the age at which a silent agent is forgotten.
func (c *Config) UnseenAgentForget() time.Duration { return span(c.UnseenAgentForgetHours, time.Hour) }

// StaleSeedFail is how long a seed may go without progress.
func (c *Config) StaleSeedFail() time.Duration { return span(c.StaleSeedFailMinutes, time.Minute) }

// SeedWaitBeforeSend is the wait between "the target listens" and "the source sends".
func (c *Config) SeedWaitBeforeSend() time.Duration {
	return span(c.SeedWaitSecondsBeforeSend, time.Second)
}
