package httpapi

import (
	"time"

	"orchestrator/internal/topology"
)

// instanceJSON is a server. Fields that have an old and a new name are there twice; the misspellings are published.
type instanceJSON struct {
	Key                             keyJSON
	InstanceAlias                   string
	Uptime                          uint64
	ServerID                        uint32
	ServerUUID                      string
	Version                         string
	VersionComment                  string
	FlavorName                      string
	ReadOnly                        bool
	BinlogFormat                    string `json:"Binlog_format"`
	BinlogRowImage                  string
	LogBinEnabled                   bool
	LogSlaveUpdatesEnabled          bool
	LogReplicationUpdatesEnabled    bool
	SelfBinlogCoordinates           coordinatesJSON
	MasterKey                       keyJSON
	MasterUUID                      string
	AncestryUUID                    string
	IsDetachedMaster                bool
	SlaveSQLRunning                 bool `json:"Slave_SQL_Running"`
	ReplicationSQLThreadRuning      bool
	SlaveIORunning                  bool `json:"Slave_IO_Running"`
	ReplicationIOThreadRuning       bool
	ReplicationSQLThreadState       int
	ReplicationIOThreadState        int
	HasReplicationFilters           bool
	GTIDMode                        string
	SupportsOracleGTID              bool
	UsingOracleGTID                 bool
	UsingMariaDBGTID                bool
	UsingPseudoGTID                 bool
	ReadBinlogCoordinates           coordinatesJSON
	ExecBinlogCoordinates           coordinatesJSON
	IsDetached                      bool
	RelaylogCoordinates             coordinatesJSON
	LastSQLError                    string
	LastIOError                     string
	SecondsBehindMaster             nullInt64
	SQLDelay                        uint64
	ExecutedGtidSet                 string
	GtidPurged                      string
	GtidErrant                      string
	SlaveLagSeconds                 nullInt64
	ReplicationLagSeconds           nullInt64
	SlaveHosts                      []keyJSON
	Replicas                        []keyJSON
	ClusterName                     string
	SuggestedClusterAlias           string
	DataCenter                      string
	Region                          string
	PhysicalEnvironment             string
	ReplicationDepth                uint
	IsCoMaster                      bool
	HasReplicationCredentials       bool
	ReplicationCredentialsAvailable bool

	SemiSyncAvailable                 bool
	SemiSyncPriority                  uint
	SemiSyncMasterPluginNewVersion    bool
	SemiSyncReplicaPluginNewVersion   bool
	SemiSyncMasterEnabled             bool
	SemiSyncReplicaEnabled            bool
	SemiSyncMasterTimeout             uint64
	SemiSyncMasterWaitForReplicaCount uint
	SemiSyncMasterStatus              bool
	SemiSyncMasterClients             uint
	SemiSyncReplicaStatus             bool

	LastSeenTimestamp    string
	IsLastCheckValid     bool
	IsUpToDate           bool
	IsRecentlyChecked    bool
	SecondsSinceLastSeen nullInt64
	CountMySQLSnapshots  int
	IsCandidate          bool
	PromotionRule        string
	IsDowntimed          bool
	DowntimeReason       string
	DowntimeOwner        string
	DowntimeEndTimestamp string
	ElapsedDowntime      time.Duration // nanoseconds
	UnresolvedHostname   string

	AllowTLS                       bool
	ReplicationSSLCAFile           string
	ReplicationSSLCAPath           string
	ReplicationSSLCert             string
	ReplicationSSLCipher           string
	ReplicationSSLCRLFile          string
	ReplicationSSLCRLPath          string
	ReplicationSSLKey              string
	ReplicationSSLVerifyServerCert nullBool
	ReplicationTLSVersion          string
	ReplicationTLSCiphersuites     string
	ReplicationSourcePublicKeyPath string
	ReplicationGetSourcePublicKey  nullBool

	Channels             []channelJSON `json:",omitempty"` // only of a replica of several sources
	Problems             []string
	LastDiscoveryLatency time.Duration // nanoseconds

	ReplicationGroupName               string
	ReplicationGroupIsSinglePrimary    bool
	ReplicationGroupMemberState        string
	ReplicationGroupMemberRole         string
	ReplicationGroupMembers            []keyJSON
	ReplicationGroupPrimaryInstanceKey keyJSON

	QSP          struct{}
	MyBinlogPath string
}

func (s Shaper) instance(t *topology.Topology, i *topology.Instance) instanceJSON {
	conf, now := s.Config(), s.Now()
	replicas := keysOf(t.ReplicaKeys(i.Key))
	detached := i.Channel.Source.IsDetached()
	j := instanceJSON{
		Key: keyOf(i.Key), InstanceAlias: i.Alias,
		Uptime: uint64(max(i.Uptime, 0) / time.Second), ServerID: i.ServerID, ServerUUID: i.ServerUUID,
		Version: i.Version, VersionComment: i.VersionComment, FlavorName: string(i.Flavor), ReadOnly: i.ReadOnly,
		BinlogFormat: i.BinlogFormat, BinlogRowImage: i.BinlogRowImage, LogBinEnabled: i.LogBin,
		LogSlaveUpdatesEnabled: i.LogReplicaUpdates, LogReplicationUpdatesEnabled: i.LogReplicaUpdates,
		SelfBinlogCoordinates: coordinatesOf(i.SelfCoordinates), AncestryUUID: i.AncestryUUID,
		IsDetachedMaster: detached, IsDetached: detached,
		GTIDMode: i.GTIDMode, SupportsOracleGTID: i.SupportsOracleGTID, UsingOracleGTID: i.UsesOracleGTID(),
		UsingMariaDBGTID: i.UsesMariaDBGTID(), UsingPseudoGTID: i.UsingPseudoGTID,
		ExecutedGtidSet: i.ExecutedSet, GtidPurged: i.PurgedSet, GtidErrant: i.ErrantSet,
		SlaveLagSeconds: nullSeconds(i.Lag), ReplicationLagSeconds: nullSeconds(i.Lag),
		SlaveHosts: replicas, Replicas: replicas,
		ClusterName: i.ClusterName, SuggestedClusterAlias: i.SuggestedClusterAlias, DataCenter: i.DataCenter,
		Region: i.Region, PhysicalEnvironment: i.PhysicalEnvironment, ReplicationDepth: uint(max(i.Depth, 0)),
		IsCoMaster: i.IsCoPrimary, HasReplicationCredentials: i.HasCredentials,
		ReplicationCredentialsAvailable: i.CredentialsAvailable,
		LastSeenTimestamp:               stamp(i.Check.Seen), IsLastCheckValid: i.LastCheckValid(),
		IsUpToDate: i.IsUpToDate(now, conf.InstancePoll()), IsRecentlyChecked: i.IsRecentlyChecked(now, conf.InstancePoll()),
		SecondsSinceLastSeen: nullSeconds(i.SinceLastSeen(now)), CountMySQLSnapshots: i.Snapshots,
		IsCandidate: i.PromotionRule.IsCandidate(), PromotionRule: i.PromotionRule.String(),
		UnresolvedHostname: i.UnresolvedHostname, LastDiscoveryLatency: i.Check.Latency, MyBinlogPath: i.BinlogPath,
		Problems: topology.Problems(i, now, topology.Limits{Poll: conf.InstancePoll(), ReasonableLag: conf.ReasonableReplicationLag()}),
	}
	j.setChannel(&i.Channel)
	if i.IsMultiSource() {
		for _, c := range i.Channels() {
			j.Channels = append(j.Channels, channelOf(&c))
		}
	}
	j.setSemiSync(i)
	j.setGroup(&i.Group)
	j.setDowntime(i, now)
	return j
}

func (j *instanceJSON) setChannel(c *topology.Channel) {
	j.MasterKey, j.MasterUUID = keyOf(c.Source), c.SourceUUID
	j.SlaveSQLRunning, j.ReplicationSQLThreadRuning = c.SQLThread.Running(), c.SQLThread.Running()
	j.SlaveIORunning, j.ReplicationIOThreadRuning = c.IOThread.Running(), c.IOThread.Running()
	j.ReplicationSQLThreadState, j.ReplicationIOThreadState = int(c.SQLThread), int(c.IOThread)
	j.HasReplicationFilters = c.HasFilters
	j.ReadBinlogCoordinates, j.ExecBinlogCoordinates = coordinatesOf(c.Read), coordinatesOf(c.Exec)
	j.RelaylogCoordinates = coordinatesOf(c.Relay)
	j.RelaylogCoordinates.Type = int(topology.RelayLog)
	j.LastSQLError, j.LastIOError = c.LastSQLError, c.LastIOError
	j.SecondsBehindMaster, j.SQLDelay = nullSeconds(c.SecondsBehind), uint64(max(c.SQLDelay, 0))

	t := &c.TLS
	j.AllowTLS = t.Enabled
	j.ReplicationSSLCAFile, j.ReplicationSSLCAPath = t.CAFile, t.CAPath
	j.ReplicationSSLCert, j.ReplicationSSLCipher, j.ReplicationSSLKey = t.Cert, t.Cipher, t.Key
	j.ReplicationSSLCRLFile, j.ReplicationSSLCRLPath = t.CRLFile, t.CRLPath
	j.ReplicationSSLVerifyServerCert = nullBoolOf(t.VerifyServerCert)
	j.ReplicationTLSVersion, j.ReplicationTLSCiphersuites = t.Version, t.Ciphersuites
	j.ReplicationSourcePublicKeyPath = t.SourcePublicKeyPath
	j.ReplicationGetSourcePublicKey = nullBoolOf(t.GetSourcePublicKey)
}

func (j *instanceJSON) setSemiSync(i *topology.Instance) {
	s := &i.SemiSync
	j.SemiSyncAvailable, j.SemiSyncPriority = s.Available, i.SemiSyncPriority
	j.SemiSyncMasterPluginNewVersion, j.SemiSyncReplicaPluginNewVersion = s.SourceNewNames, s.ReplicaNewNames
	j.SemiSyncMasterEnabled, j.SemiSyncReplicaEnabled = s.SourceEnabled, s.ReplicaEnabled
	j.SemiSyncMasterTimeout, j.SemiSyncMasterWaitForReplicaCount = s.SourceTimeoutMillis, s.SourceWaitCount
	j.SemiSyncMasterStatus, j.SemiSyncMasterClients = s.SourceStatus, s.SourceClients
	j.SemiSyncReplicaStatus = s.ReplicaStatus
}

func (j *instanceJSON) setGroup(g *topology.Group) {
	j.ReplicationGroupName, j.ReplicationGroupIsSinglePrimary = g.Name, g.SinglePrimary
	j.ReplicationGroupMemberState, j.ReplicationGroupMemberRole = g.MemberState, g.MemberRole
	j.ReplicationGroupMembers, j.ReplicationGroupPrimaryInstanceKey = keysOf(g.Members), keyOf(g.Primary)
}

func (j *instanceJSON) setDowntime(i *topology.Instance, now time.Time) {
	d := i.Downtime
	if !d.ActiveAt(now) {
		return
	}
	j.IsDowntimed, j.DowntimeReason, j.DowntimeOwner = true, d.Reason, d.Owner
	j.DowntimeEndTimestamp, j.ElapsedDowntime = stamp(d.End), now.Sub(d.Begin)
}

// channelJSON is one channel of a replica of several sources.
type channelJSON struct {
	Name                  string
	MasterKey             keyJSON
	SlaveIORunning        bool `json:"Slave_IO_Running"`
	SlaveSQLRunning       bool `json:"Slave_SQL_Running"`
	ReadBinlogCoordinates coordinatesJSON
	ExecBinlogCoordinates coordinatesJSON
	LastIOError           string
	LastSQLError          string
	SecondsBehindMaster   nullInt64
	SQLDelay              uint64
	UsingGTID             bool
	HasReplicationFilters bool
}

func channelOf(c *topology.Channel) channelJSON {
	return channelJSON{
		Name: c.Name, MasterKey: keyOf(c.Source), SlaveIORunning: c.IOThread.Running(), SlaveSQLRunning: c.SQLThread.Running(),
		ReadBinlogCoordinates: coordinatesOf(c.Read), ExecBinlogCoordinates: coordinatesOf(c.Exec),
		LastIOError: c.LastIOError, LastSQLError: c.LastSQLError, SecondsBehindMaster: nullSeconds(c.SecondsBehind),
		SQLDelay: uint64(max(c.SQLDelay, 0)), UsingGTID: c.GTID != topology.FilePosition, HasReplicationFilters: c.HasFilters,
	}
}
