package operate

// Level is how much care a change asks for.
type Level int

// The levels.
const (
	Harmless    Level = iota // it can be undone, and clients do not notice
	Interrupts               // writes or reads pause
	Destructive              // data may be lost, or it cannot be undone
)

// Level of the operation. What is not listed counts as destructive: who adds an operation decides.
func (o *Operation) Level() Level {
	if o.Rights == Read || o.Section == agentSection { // agents are not served
		return Harmless
	}
	switch o.Name {
	case "relocate", "relocate-replicas", "take-siblings", "regroup-replicas", "move-up", "move-up-replicas", "move-below", "repoint", "repoint-replicas",
		"take-master", "make-local-master", "move-gtid", "move-replicas-gtid", "regroup-replicas-gtid", "move-equivalent", "match", "match-up", "rematch",
		"match-replicas", "match-up-replicas", "regroup-replicas-pgtid", "regroup-replicas-bls", "last-pseudo-gtid",
		"stop-replica", "stop-replica-nice", "start-replica", "restart-replica-statements", "flush-binary-logs", "master-pos-wait", "delay-replication",
		"enable-semi-sync-replica", "disable-semi-sync-replica", "enable-gtid", "disable-gtid", "change-master-credentials",
		"detach-replica-master-host", "reattach-replica-master-host",
		"begin-downtime", "end-downtime", "begin-maintenance", "end-maintenance", "end-maintenance-by-id", "tag", "untag", "untag-all", "register-candidate", "gtid-errant-accept", "gtid-errant-withdraw",
		"submit-pool-instances", "set-cluster-alias", "register-hostname-unresolve", "deregister-hostname-unresolve", "reset-hostname-resolve-cache",
		"discover", "async-discover", "refresh", "snapshot-topologies", "submit-masters-to-kv-stores", "set-heuristic-domain-instance",
		"ack-cluster-recoveries", "ack-instance-recoveries", "ack-recovery", "ack-recovery-uid", "ack-all-recoveries",
		"disable-global-recoveries", "enable-global-recoveries", "disable-cluster-recoveries", "enable-cluster-recoveries", "reload-configuration", "access-token", "raft-snapshot", "reload-cluster-alias", RedeployOperation, importOperation, "forget":
		return Harmless
	case "graceful-master-takeover", "graceful-master-takeover-auto", "cascade-master-takeover-auto", "restart-replica", "set-read-only", "set-writeable",
		"enable-semi-sync-master", "disable-semi-sync-master", "kill-query", "recover", "recover-lite", "cancel-recovery", "grab-election", "reelect", "raft-yield", "raft-yield-hint",
		"raft-add-peer", "raft-remove-peer", "raft-replace-peer":
		return Interrupts
	}
	return Destructive
}
