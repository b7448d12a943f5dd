package config

// Config is one loaded configuration: a field for each key, under the key's own name. What each key means, its default,
// and whether a reload takes effect is said once, in the registry (Keys) and in docs/configuration.md made from it.
//
// A Config handed out by Load, Parse or Reload is never written again, neither by this package nor by its readers; a
// reload makes a new one. Keys spelled the old way (SlaveLagQuery and the like) are already folded into their successors.
// A test that wants other values takes Parse, or changes what Default gives; a copy of a loaded Config keeps its compiled
// filters.
type Config struct {
	// Process and logging.
	Debug                          bool
	EnableSyslog                   bool
	PrependMessagesWithOrcIdentity string
	CustomOrcIdentity              string
	TopologyDataCenterColumn       string

	// HTTP listener, web page, authentication, TLS.
	ListenAddress                 string
	ListenSocket                  string
	HTTPAdvertise                 string
	URLPrefix                     string
	StatusEndpoint                string
	StatusOUVerify                bool
	WebMessage                    string
	WebCustomDirectory            string
	RemoveTextFromHostnameDisplay string
	ProblemIgnoreHostnameFilters  []string
	ReadOnly                      bool
	AuthenticationMethod          string
	HTTPAuthUser                  string
	HTTPAuthPassword              string
	AuthUserHeader                string
	PowerAuthUsers                []string
	PowerAuthGroups               []string
	AuthUsersFile                 string
	AccessTokenUseExpirySeconds   uint
	AccessTokenExpiryMinutes      uint
	OAuthClientId                 string
	OAuthClientSecret             string
	OAuthScopes                   []string
	UseSSL                        bool
	UseMutualTLS                  bool
	SSLSkipVerify                 bool
	SSLPrivateKeyFile             string
	SSLCertFile                   string
	SSLCAFile                     string
	SSLValidOUs                   []string

	// Backend database.
	BackendDB                              string
	SQLite3DataFile                        string
	SkipOrchestratorDatabaseUpdate         bool
	PanicIfDifferentDatabaseDeploy         bool
	MySQLOrchestratorHost                  string
	MySQLOrchestratorPort                  uint
	MySQLOrchestratorDatabase              string
	MySQLOrchestratorUser                  string
	MySQLOrchestratorPassword              string
	MySQLOrchestratorCredentialsConfigFile string
	MySQLOrchestratorMaxPoolConnections    int
	MySQLOrchestratorReadTimeoutSeconds    int
	MySQLOrchestratorRejectReadOnly        bool
	MySQLOrchestratorMaxAllowedPacket      int32
	MySQLOrchestratorSSLPrivateKeyFile     string
	MySQLOrchestratorSSLCertFile           string
	MySQLOrchestratorSSLCAFile             string
	MySQLOrchestratorSSLSkipVerify         bool
	MySQLOrchestratorUseMutualTLS          bool
	MySQLConnectTimeoutSeconds             int
	MySQLConnectionLifetimeSeconds         int
	BufferInstanceWrites                   bool
	InstanceWriteBufferSize                int
	InstanceFlushIntervalMilliseconds      int

	// Connections to managed servers.
	MySQLTopologyUser                  string
	MySQLTopologyPassword              string
	MySQLTopologyCredentialsConfigFile string
	MySQLTopologySSLPrivateKeyFile     string
	MySQLTopologySSLCertFile           string
	MySQLTopologySSLCAFile             string
	MySQLTopologySSLSkipVerify         bool
	MySQLTopologyUseMutualTLS          bool
	MySQLTopologyUseMixedTLS           bool
	TLSCacheTTLFactor                  uint
	MySQLTopologyMaxAllowedPacket      int32
	MySQLDiscoveryReadTimeoutSeconds   int
	MySQLTopologyReadTimeoutSeconds    int
	DefaultInstancePort                int
	ReplicationCredentialsQuery        string
	UseSuperReadOnly                   bool

	// Discovery.
	DiscoverySeeds                            []string
	DiscoverByShowSlaveHosts                  bool
	InstancePollSeconds                       uint
	ReasonableInstanceCheckSeconds            uint
	DiscoveryMaxConcurrency                   uint
	DiscoveryQueueCapacity                    uint
	DiscoveryQueueMaxStatisticsSize           int
	DiscoveryCollectionRetentionSeconds       uint
	DeadInstancePollSecondsMultiplyFactor     float32
	DeadInstancePollSecondsMax                uint
	DeadInstanceDiscoveryMaxConcurrency       uint
	DeadInstanceDiscoveryLogsEnabled          bool
	UnseenInstanceForgetHours                 uint
	SnapshotTopologiesIntervalHours           uint
	InstanceBulkOperationsWaitTimeoutSeconds  uint
	SkipMaxScaleCheck                         bool
	ReplicationLagQuery                       string
	SlaveLagQuery                             string
	DiscoveryIgnoreReplicaHostnameFilters     []string
	DiscoveryIgnoreMasterHostnameFilters      []string
	DiscoveryIgnoreHostnameFilters            []string
	DiscoveryIgnoreReplicationUsernameFilters []string
	EnableDiscoveryFiltersLogs                bool

	// Host names.
	HostnameResolveMethod          string
	MySQLHostnameResolveMethod     string
	SkipBinlogServerUnresolveCheck bool
	ExpiryHostnameResolvesMinutes  int
	RejectHostnameResolvePattern   string

	// Classification and aliases.
	ClusterNameToAlias             map[string]string
	DetectClusterAliasQuery        string
	DetectClusterDomainQuery       string
	DetectInstanceAliasQuery       string
	DetectPromotionRuleQuery       string
	DataCenterPattern              string
	RegionPattern                  string
	PhysicalEnvironmentPattern     string
	DetectDataCenterQuery          string
	DetectRegionQuery              string
	DetectPhysicalEnvironmentQuery string
	DetectSemiSyncEnforcedQuery    string
	SupportFuzzyPoolHostnames      bool
	InstancePoolExpiryMinutes      uint
	CandidateInstanceExpireMinutes uint

	// Moving replicas.
	VerifyReplicationFilters                   bool
	ReasonableReplicationLagSeconds            int
	ReasonableMaintenanceReplicationLagSeconds int
	LowerReplicaVersionAllowed                 bool
	MaxConcurrentReplicaOperations             int
	OSCIgnoreHostnameFilters                   []string
	PostTakeMasterProcesses                    []string
	RebuildProcesses                           []string

	// Failure detection.
	ReduceReplicationAnalysisCount        bool
	FailureDetectionPeriodBlockMinutes    int
	OnFailureDetectionProcesses           []string
	ExpectFailureAnalysisConcensus        bool
	RecoveryIgnoreHostnameFilters         []string
	ReasonableLockedSemiSyncMasterSeconds uint

	// Recovery.
	RecoverMasterClusterFilters                []string
	RecoverIntermediateMasterClusterFilters    []string
	RecoveryPeriodBlockSeconds                 int
	RecoveryPeriodBlockMinutes                 int
	PromotionIgnoreHostnameFilters             []string
	ApplyMySQLPromotionAfterMasterFailover     bool
	PreventCrossDataCenterMasterFailover       bool
	PreventCrossRegionMasterFailover           bool
	CoMasterRecoveryMustPromoteOtherCoMaster   bool
	DetachLostReplicasAfterMasterFailover      bool
	DetachLostSlavesAfterMasterFailover        bool
	MasterFailoverDetachReplicaMasterHost      bool
	MasterFailoverDetachSlaveMasterHost        bool
	AutoRejoin                                 string
	ExtraTransactionsDirectory                 string
	ExtraTransactionsMaxMegabytes              int
	FailoverMaxLossTransactions                int
	FailoverMaxLossSeconds                     int
	FailoverOnCannotWrite                      []string
	CannotWriteSeconds                         uint
	WriteCheckTable                            string
	WriteCheckSeconds                          uint
	ProcessesTimeoutSeconds                    uint
	MasterFailoverLostInstancesDowntimeMinutes uint
	FailMasterPromotionOnLagMinutes            uint
	FailMasterPromotionIfSQLThreadNotUpToDate  bool
	DelayMasterPromotionIfSQLThreadNotUpToDate bool
	PostponeReplicaRecoveryOnLagMinutes        uint
	PostponeSlaveRecoveryOnLagMinutes          uint
	RecoverNonWriteableMaster                  bool
	RecoverLockedSemiSyncMaster                bool
	EnforceExactSemiSyncReplicas               bool

	// Hooks.
	ProcessesShellCommand                   string
	PreGracefulTakeoverProcesses            []string
	PreFailoverProcesses                    []string
	PostMasterFailoverProcesses             []string
	PostIntermediateMasterFailoverProcesses []string
	PostFailoverProcesses                   []string
	PostUnsuccessfulFailoverProcesses       []string
	PostGracefulTakeoverProcesses           []string

	// Raft.
	RaftEnabled                     bool
	RaftBind                        string
	RaftAdvertise                   string
	RaftDataDir                     string
	DefaultRaftPort                 int
	RaftNodes                       []string
	RaftWitness                     bool
	RaftElectionTimeoutMilliseconds int
	RaftClusterSecret               string
	RaftSSLCertFile                 string
	RaftSSLPrivateKeyFile           string
	RaftSSLCAFile                   string

	// Key-value stores.
	KVClusterMasterPrefix             string
	ConsulAddress                     string
	ConsulScheme                      string
	ConsulAclToken                    string
	ConsulCrossDataCenterDistribution bool
	ConsulKVStoreProvider             string
	ConsulMaxKVsPerTransaction        int
	ZkAddress                         string
	EtcdAddress                       string
	EtcdUser                          string
	EtcdPassword                      string

	// Audit.
	AuditLogFile     string
	AuditToSyslog    bool
	AuditToBackendDB bool
	AuditPurgeDays   uint

	// Pseudo-GTID.
	AutoPseudoGTID                    bool
	PseudoGTIDPattern                 string
	PseudoGTIDPatternIsFixedSubstring bool
	PseudoGTIDMonotonicHint           string
	DetectPseudoGTIDQuery             string
	BinlogEventsChunkSize             int
	SkipBinlogEventsContaining        []string

	// Graphite.
	GraphiteAddr                             string
	GraphitePath                             string
	GraphiteConvertHostnameDotsToUnderscores bool
	GraphitePollSeconds                      int

	// Agents.
	ServeAgentsHttp           bool
	AgentsServerPort          string
	AgentsUseSSL              bool
	AgentsUseMutualTLS        bool
	AgentSSLSkipVerify        bool
	AgentSSLPrivateKeyFile    string
	AgentSSLCertFile          string
	AgentSSLCAFile            string
	AgentSSLValidOUs          []string
	AgentPollMinutes          uint
	UnseenAgentForgetHours    uint
	StaleSeedFailMinutes      uint
	SeedAcceptableBytesDiff   int64
	SeedWaitSecondsBeforeSend int64

	// Metadata database and binary-log catch-up.
	MetaDBHost                     string
	MetaDBPort                     int
	MetaDBName                     string
	SlaveBinLogEnableMaxLagSeconds int

	origin origin
	match  *matchers
}
