package config

import (
	"fmt"
	"net/url"
	"strings"
)

// adjust is what follows the reading of each file, in an order that is part of the compatibility: credentials, values
// derived from others, contradictions. A file must hence make sense together with the ones before it.
func (l *loader) adjust() {
	l.backendCredentials()
	l.topologyCredentials()
	l.recoveryBlock()
	l.lagQuery()
	l.detachLostReplicas()
	l.detachPromoted()
	l.promotionAndSQLThread()
	l.promotionLag()
	l.postponeRecovery()
	l.urlPrefix()
	l.sqliteFile()
	l.raft()
	l.raftAdvertise()
	l.keyPrefix()
	l.autoPseudoGTID()
	l.httpAdvertise()
	l.writeBuffer()
	l.consulBatch()
	l.lockedSemiSync()
	l.deadInstancePoll()
}

// fileOf names the file that gave a key; a key that no file gives, but should, is missed in the last file read.
func (l *loader) fileOf(key string) string {
	if file := l.cfg.Source(key); file != "" {
		return file
	}
	return l.file
}

func (l *loader) fail(key, problem, remedy string) {
	l.found.fail(&Error{File: l.fileOf(key), Key: key, Problem: problem, Remedy: remedy})
}

func (l *loader) warn(key, text, remedy string) {
	l.found.warn(Warning{File: l.fileOf(key), Key: key, Kind: DoubtfulValue, Text: text, Remedy: remedy})
}

func (l *loader) backendCredentials() {
	c := l.cfg
	l.signIn("MySQLOrchestratorCredentialsConfigFile", c.MySQLOrchestratorCredentialsConfigFile,
		"MySQLOrchestratorPassword", &c.MySQLOrchestratorUser, &c.MySQLOrchestratorPassword)
}

func (l *loader) topologyCredentials() {
	c := l.cfg
	l.signIn("MySQLTopologyCredentialsConfigFile", c.MySQLTopologyCredentialsConfigFile,
		"MySQLTopologyPassword", &c.MySQLTopologyUser, &c.MySQLTopologyPassword)
}

// signIn takes user and password from a credentials file when one is named, then expands the password if it was read
// just now: one that is already expanded is a literal.
func (l *loader) signIn(fileKey, file, passwordKey string, user, password *string) {
	fresh := l.inFile[passwordKey]
	if file != "" {
		data, err := l.opts.ReadFile(file)
		if err != nil {
			l.failFile(fileKey, file, causeOf(err), "check the path and its permissions", err)
			return
		}
		found, err := parseCredentials(data)
		if err != nil {
			l.failFile(fileKey, file, err.Error(), "write a section [client] with user = ... and password = ...", err)
			return
		}
		*user, *password = found.user, found.password
		fresh = true
	}
	if fresh {
		*password = l.expandPassword(passwordKey, *password)
	}
}

func (l *loader) failFile(key, file, problem, remedy string, cause error) {
	from := l.cfg.Source(key)
	l.found.fail(&Error{File: from, Key: key, Problem: fmt.Sprintf("cannot use %s: %s", file, problem), Remedy: remedy, Err: cause})
}

func (l *loader) recoveryBlock() {
	c := l.cfg
	if c.RecoveryPeriodBlockSeconds == 0 && c.RecoveryPeriodBlockMinutes > 0 {
		c.RecoveryPeriodBlockSeconds = c.RecoveryPeriodBlockMinutes * 60
	}
}

// lagQuery folds SlaveLagQuery into ReplicationLagQuery. A value that came from the old name in an earlier file is not
// in the way of a new one.
func (l *loader) lagQuery() {
	c := l.cfg
	if l.inFile["SlaveLagQuery"] && !c.given("ReplicationLagQuery") {
		c.ReplicationLagQuery = ""
	}
	switch {
	case c.SlaveLagQuery != "" && c.ReplicationLagQuery != "" && c.SlaveLagQuery != c.ReplicationLagQuery:
		l.fail("SlaveLagQuery", "is the old name of ReplicationLagQuery, and both are given with different values", "keep ReplicationLagQuery alone")
	case c.ReplicationLagQuery == "":
		c.ReplicationLagQuery = c.SlaveLagQuery
	}
	c.SlaveLagQuery = ""
}

// detachLostReplicas: the new name wins when it is given; else the old one, which is true by default, decides.
func (l *loader) detachLostReplicas() {
	c := l.cfg
	const name, oldName = "DetachLostReplicasAfterMasterFailover", "DetachLostSlavesAfterMasterFailover"
	if !c.given(name) {
		c.DetachLostReplicasAfterMasterFailover = c.DetachLostSlavesAfterMasterFailover
		return
	}
	if c.given(oldName) && c.DetachLostReplicasAfterMasterFailover != c.DetachLostSlavesAfterMasterFailover {
		l.warn(oldName, fmt.Sprintf("is the old name of %s; both are given, and %v of the new name counts", name, c.DetachLostReplicasAfterMasterFailover), "remove the old name")
	}
}

func (l *loader) detachPromoted() {
	c := l.cfg
	if !c.given("MasterFailoverDetachReplicaMasterHost") {
		c.MasterFailoverDetachReplicaMasterHost = c.MasterFailoverDetachSlaveMasterHost
	} else if c.MasterFailoverDetachSlaveMasterHost {
		c.MasterFailoverDetachReplicaMasterHost = true
	}
}

func (l *loader) promotionAndSQLThread() {
	if l.cfg.FailMasterPromotionIfSQLThreadNotUpToDate && l.cfg.DelayMasterPromotionIfSQLThreadNotUpToDate {
		l.fail("FailMasterPromotionIfSQLThreadNotUpToDate", "cannot be true together with DelayMasterPromotionIfSQLThreadNotUpToDate",
			"choose one: give the promotion up, or wait for the SQL thread")
	}
}

func (l *loader) promotionLag() {
	if l.cfg.FailMasterPromotionOnLagMinutes > 0 && l.cfg.ReplicationLagQuery == "" {
		l.fail("FailMasterPromotionOnLagMinutes", "needs ReplicationLagQuery, which is empty", "write a ReplicationLagQuery, or set this to 0")
	}
}

func (l *loader) postponeRecovery() {
	c := l.cfg
	const name, oldName = "PostponeReplicaRecoveryOnLagMinutes", "PostponeSlaveRecoveryOnLagMinutes"
	if l.inFile[oldName] && !c.given(name) {
		c.PostponeReplicaRecoveryOnLagMinutes = 0
	}
	replica, slave := c.PostponeReplicaRecoveryOnLagMinutes, c.PostponeSlaveRecoveryOnLagMinutes
	if replica != 0 && slave != 0 && replica != slave {
		l.fail(oldName, fmt.Sprintf("is the old name of %s, and both are given with different values (%d and %d)", name, slave, replica), "keep "+name+" alone")
		return
	}
	if slave != 0 {
		c.PostponeReplicaRecoveryOnLagMinutes = slave
	}
}

// urlPrefix brings the prefix into the form /path; the root alone is no prefix.
func (l *loader) urlPrefix() {
	if path := strings.Trim(l.cfg.URLPrefix, "/"); path != "" {
		l.cfg.URLPrefix = "/" + path
	} else {
		l.cfg.URLPrefix = ""
	}
}

func (l *loader) sqliteFile() {
	if l.cfg.IsSQLite() && l.cfg.SQLite3DataFile == "" {
		l.fail("SQLite3DataFile", "is empty, but BackendDB is "+l.cfg.BackendDB, `write the path of the database file, such as "/var/lib/orchestrator/orchestrator.sqlite3"`)
	}
}

func (l *loader) raft() {
	if !l.cfg.RaftEnabled {
		return
	}
	if l.cfg.RaftDataDir == "" {
		l.fail("RaftDataDir", "is empty, but RaftEnabled is true", `write a directory of its own for this node, such as "/var/lib/orchestrator"`)
	}
	if l.cfg.RaftBind == "" {
		l.fail("RaftBind", "is empty, but RaftEnabled is true", `write this node's own address, such as "10.0.0.1:10008"`)
	}
	given := 0
	for _, file := range []string{l.cfg.RaftSSLCertFile, l.cfg.RaftSSLPrivateKeyFile, l.cfg.RaftSSLCAFile} {
		if file != "" {
			given++
		}
	}
	if given != 0 && given != 3 {
		l.fail("RaftSSLCertFile", "RaftSSLCertFile, RaftSSLPrivateKeyFile and RaftSSLCAFile go together, and not all of them are given",
			"write all three, or none to talk without TLS")
	}
}

// raftAdvertise follows RaftBind until a file gives an address of its own.
func (l *loader) raftAdvertise() {
	if l.cfg.RaftAdvertise == "" || !l.cfg.given("RaftAdvertise") {
		l.cfg.RaftAdvertise = l.cfg.RaftBind
	}
}

func (l *loader) keyPrefix() {
	if l.cfg.KVClusterMasterPrefix != "/" {
		l.cfg.KVClusterMasterPrefix = strings.TrimRight(l.cfg.KVClusterMasterPrefix, "/") + "/"
	}
}

func (l *loader) autoPseudoGTID() {
	c := l.cfg
	if !c.AutoPseudoGTID {
		return
	}
	c.PseudoGTIDPattern = "drop view if exists `_pseudo_gtid_`"
	c.PseudoGTIDPatternIsFixedSubstring = true
	c.PseudoGTIDMonotonicHint = "asc:"
	c.DetectPseudoGTIDQuery = "select 1"
}

func (l *loader) httpAdvertise() {
	const key = "HTTPAdvertise"
	if l.cfg.HTTPAdvertise == "" {
		return
	}
	const remedy = `write it like "http://orchestrator-1.example.com:3000"`
	u, err := url.Parse(l.cfg.HTTPAdvertise)
	switch {
	case err != nil:
		l.fail(key, fmt.Sprintf("%q is not a URL", l.cfg.HTTPAdvertise), remedy)
	case u.Scheme == "":
		l.fail(key, fmt.Sprintf("%q has no scheme", l.cfg.HTTPAdvertise), remedy)
	case u.Hostname() == "":
		l.fail(key, fmt.Sprintf("%q has no host", l.cfg.HTTPAdvertise), remedy)
	case u.Port() == "":
		l.fail(key, fmt.Sprintf("%q has no port", l.cfg.HTTPAdvertise), remedy)
	case u.Path != "":
		l.fail(key, fmt.Sprintf("%q has a path (%s)", l.cfg.HTTPAdvertise, u.Path), remedy)
	}
}

func (l *loader) writeBuffer() {
	c := l.cfg
	if c.InstanceWriteBufferSize > 0 || !c.BufferInstanceWrites {
		return
	}
	c.BufferInstanceWrites = false
	l.warn("InstanceWriteBufferSize", fmt.Sprintf("is %d, so BufferInstanceWrites is switched off", c.InstanceWriteBufferSize), "write a size above 0, such as 100")
}

func (l *loader) consulBatch() {
	const low, high = 5, 64
	given := l.cfg.ConsulMaxKVsPerTransaction
	l.cfg.ConsulMaxKVsPerTransaction = max(low, min(high, given))
	if l.cfg.ConsulMaxKVsPerTransaction != given {
		l.warn("ConsulMaxKVsPerTransaction", fmt.Sprintf("is %d; %d is used", given, l.cfg.ConsulMaxKVsPerTransaction), fmt.Sprintf("write a number from %d to %d", low, high))
	}
}

func (l *loader) lockedSemiSync() {
	c := l.cfg
	if c.ReasonableLockedSemiSyncMasterSeconds == 0 && c.ReasonableReplicationLagSeconds > 0 {
		c.ReasonableLockedSemiSyncMasterSeconds = uint(c.ReasonableReplicationLagSeconds)
	}
}

func (l *loader) deadInstancePoll() {
	c := l.cfg
	if factor := c.DeadInstancePollSecondsMultiplyFactor; !(factor >= 1) {
		l.fail("DeadInstancePollSecondsMultiplyFactor", fmt.Sprintf("is %v, but must be at least 1", factor), "write 1 for no back-off, or more")
	}
	if c.DeadInstancePollSecondsMax < c.InstancePollSeconds {
		l.fail("DeadInstancePollSecondsMax", fmt.Sprintf("is %d, less than InstancePollSeconds (%d)", c.DeadInstancePollSecondsMax, c.InstancePollSeconds),
			"write a number that is not below InstancePollSeconds")
	}
}
