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
		{"RebuildProcesses", c.RebuildProcesses, "to rebuild a server that cannot be taken back"},
	} {
		if len(hook.commands) > 0 {
			found = true
			s.ok(hook.key, "%s %s.", commands(len(hook.commands)), hook.when)
		}
	}
	if len(c.RebuildProcesses) > 0 && c.Rejoin() != "clone" {
		s.concern("RebuildProcesses AutoRejoin", "Nothing is rebuilt: AutoRejoin is %s.", c.Rejoin()).Example = `"AutoRejoin": "clone"`
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
		s.ok("ConsulAddress ConsulCrossDataCenterDistribution", "Primaries are published in Consul at %s, in %s.", c.ConsulAddress, where)
	}
	if c.ZkAddress != "" {
		s.ok("ZkAddress", "Primaries are published in ZooKeeper at %s.", c.ZkAddress)
	}
	if c.EtcdAddress != "" {
		s.ok("EtcdAddress", "Primaries are published in etcd at %s.", c.EtcdAddress)
	}
	const keys = "PostMasterFailoverProcesses PostFailoverProcesses"
	if hooks := len(c.PostMasterFailoverProcesses) + len(c.PostFailoverProcesses); hooks == 0 && c.ConsulAddress+c.ZkAddress+c.EtcdAddress == "" && c.RecoverPrimaryClusters().chooses() {
		s.concern(keys, "Nobody is told of a new primary: there is no hook and no key-value store, so clients keep writing to the old address unless they or a proxy find the writable server themselves.").
			Example = `"PostMasterFailoverProcesses": ["/usr/local/bin/move-address {failedHost} {successorHost}"]`
	}
	s.ok("KVClusterMasterPrefix", "A new primary is noted in the backend, in the table kv_store, under %s.", c.KVClusterMasterPrefix)
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
		s.note("RaftEnabled", "Raft is off: of the nodes that share a backend, one leads and the others stand by.")
		return
	}
	switch nodes := len(c.RaftNodes); {
	case nodes <= 1:
		s.note("RaftEnabled RaftNodes", "Raft runs with this node alone: it decides alone until others are added (raft-add-peer).")
	case nodes == 2:
		s.concern("RaftEnabled RaftNodes", "Raft runs with 2 nodes: when either is lost, nobody leads. A third one, which may be a witness (RaftWitness), prevents that.")
	default:
		s.ok("RaftEnabled RaftNodes", "Raft runs with %d nodes, of which %d must work.", nodes, nodes/2+1)
	}
	if c.RaftClusterSecret == "" && c.RaftSSLCertFile == "" && len(c.RaftNodes) > 1 {
		s.note("RaftClusterSecret RaftSSLCertFile", "Whoever reaches the raft port %s may take part: there is neither a secret nor a certificate.", c.RaftBind)
	}
	if len(c.RaftNodes) >= 3 && c.ExpectFailureAnalysisConcensus {
		s.ok("ExpectFailureAnalysisConcensus", "A failure is recovered automatically only when most nodes that can see the replicas find it.")
	}
}
