package config

import (
	"fmt"
	"strings"
)

func (s *statements) hooks() {
	s.group = GroupHooks
	c := s.c
	found := false
	for _, hook := range []struct {
		key      string
		commands []string
		when     string
	}{
		{"OnFailureDetectionProcesses", c.OnFailureDetectionProcesses, "on every detected failure; one that fails stops this round of recovery"},
		{"PreGracefulTakeoverProcesses", c.PreGracefulTakeoverProcesses, "before a planned takeover; one that fails stops it"},
		{"PreFailoverProcesses", c.PreFailoverProcesses, "before a recovery acts; one that fails stops it"},
		{"PostMasterFailoverProcesses", c.PostMasterFailoverProcesses, "after a primary was replaced"},
		{"PostIntermediateMasterFailoverProcesses", c.PostIntermediateMasterFailoverProcesses, "after an intermediate source was worked around"},
		{"PostFailoverProcesses", c.PostFailoverProcesses, "after any successful recovery"},
		{"PostUnsuccessfulFailoverProcesses", c.PostUnsuccessfulFailoverProcesses, "after a recovery that found no successor"},
		{"PostGracefulTakeoverProcesses", c.PostGracefulTakeoverProcesses, "after a planned takeover"},
		{"PostTakeMasterProcesses", c.PostTakeMasterProcesses, "after take-master"},
	} {
		if len(hook.commands) > 0 {
			found = true
			s.ok(hook.key, "%s %s.", commands(len(hook.commands)), hook.when)
		}
	}
	if !found {
		s.note("OnFailureDetectionProcesses PostMasterFailoverProcesses", "No hooks: no command is run on a failure or after a recovery.").
			Example = `"PostMasterFailoverProcesses": ["echo '{failedHost} -> {successorHost}' >> /var/log/orchestrator-recovery.log"]`
	}
}

func commands(n int) string {
	if n == 1 {
		return "1 command runs"
	}
	return fmt.Sprintf("%d commands run", n)
}

func (s *statements) publishing() {
	s.group = GroupPublish
	c := s.c
	if c.ConsulAddress != "" {
		where := "its own data center"
		if c.ConsulCrossDataCenterDistribution {
			where = "all data centers"
		}
		s.ok("ConsulAddress ConsulCrossDataCenterDistribution KVClusterMasterPrefix", "Primaries are published in Consul at %s, in %s, under %s.", c.ConsulAddress, where, c.KVClusterMasterPrefix)
	}
	if c.ZkAddress != "" {
		s.ok("ZkAddress KVClusterMasterPrefix", "Primaries are published in ZooKeeper at %s, under %s.", c.ZkAddress, c.KVClusterMasterPrefix)
	}
	if c.ConsulAddress != "" || c.ZkAddress != "" {
		return
	}
	const keys = "ConsulAddress ZkAddress PostMasterFailoverProcesses PostFailoverProcesses"
	if hooks := len(c.PostMasterFailoverProcesses) + len(c.PostFailoverProcesses); hooks == 0 && c.RecoverPrimaryClusters().chooses() {
		s.concern(keys, "Nobody is told of a new primary: there is no key-value store and no hook, so clients keep writing to the old address unless they or a proxy find the writable server themselves.").
			Example = `"ConsulAddress": "127.0.0.1:8500"`
		return
	}
	s.note("ConsulAddress ZkAddress", "Primaries are not published in a key-value store.")
}

func (s *statements) audit() {
	s.group = GroupAudit
	c := s.c
	var places []string
	if c.AuditLogFile != "" {
		places = append(places, "the file "+c.AuditLogFile)
	}
	if c.AuditToSyslog {
		places = append(places, "syslog")
	}
	if c.AuditToBackendDB {
		places = append(places, "the backend")
	}
	if len(places) == 0 {
		s.note("AuditLogFile AuditToSyslog AuditToBackendDB", "Operations are not audited; recoveries are recorded in the backend all the same, for %s.", plain(c.AuditPurge())).
			Example = `"AuditToBackendDB": true`
		return
	}
	s.ok("AuditLogFile AuditToSyslog AuditToBackendDB", "Operations are audited to %s.", strings.Join(places, " and "))
}

func (s *statements) raft() {
	s.group = GroupRaft
	c := s.c
	if !c.RaftEnabled {
		s.note("RaftEnabled", "Raft is off: this node decides alone, or together with others that share its MySQL backend.")
		return
	}
	switch nodes := len(c.RaftNodes); {
	case nodes <= 1:
		s.note("RaftNodes", "Raft is on with this node alone (%s): there is no other to take over.", c.RaftAdvertise)
	case nodes == 2:
		s.concern("RaftNodes", "Raft is on with 2 nodes: when either is lost no node may act. Use 3 or 5.")
	case nodes%2 == 0:
		s.note("RaftNodes", "Raft is on with %d nodes: it bears the loss of %d, no more than %d nodes would.", nodes, (nodes-1)/2, nodes-1)
	default:
		s.ok("RaftNodes", "Raft is on with %d nodes and bears the loss of %d; this node is %s.", nodes, (nodes-1)/2, c.RaftAdvertise)
	}
	if len(c.RaftNodes) > 1 && c.listensOnLoopbackOnly() {
		s.concern("ListenAddress", "The other nodes cannot reach the API of this one, which they need when it leads.").Example = `"ListenAddress": ":3000"`
	}
	if !c.IsSQLite() {
		s.note("MySQLOrchestratorHost", "With raft every node needs a backend of its own: the one at %s must not be shared with other nodes.", orNone(c.MySQLOrchestratorHost))
	}
}
