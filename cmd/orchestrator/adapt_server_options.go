package main

import (
	"fmt"
	"log/slog"

	"orchestrator/internal/config"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// serverOptions are the options of connections to managed servers. It fails when files of TLS cannot be used.
func serverOptions(c *config.Config, log *slog.Logger) (server.Options, error) {
	o := server.Options{
		User: c.MySQLTopologyUser, Password: c.MySQLTopologyPassword,
		TLSMode:                tlsMode(c),
		ConnectTimeout:         c.MySQLConnectTimeout(),
		ProbeTimeout:           c.MySQLDiscoveryReadTimeout(),
		ControlTimeout:         c.MySQLTopologyReadTimeout(),
		MaxAllowedPacket:       max(int(c.MySQLTopologyMaxAllowedPacket), 0),
		DiscoverByShowReplicas: c.DiscoverByShowSlaveHosts,
		CheckMaxScale:          !c.SkipMaxScaleCheck,
		HostnameMethod:         c.MySQLHostnameResolveMethod,
		CredentialsQuery:       c.ReplicationCredentialsQuery,
		Queries:                serverQueries(c),
		Metadata:               metadata(c),
		Logger:                 log,
	}
	if o.TLSMode == server.TLSNever {
		return o, nil
	}
	var err error
	o.TLS, err = clientTLS(tlsFiles{
		keys: "MySQLTopologySSL",
		ca:   c.MySQLTopologySSLCAFile, cert: c.MySQLTopologySSLCertFile, key: c.MySQLTopologySSLPrivateKeyFile,
		skipVerify:     c.MySQLTopologySSLSkipVerify,
		withClientPair: c.MySQLTopologyUseMutualTLS && !c.MySQLTopologySSLSkipVerify,
	})
	if err != nil {
		return server.Options{}, fmt.Errorf("TLS for managed servers: %w", err)
	}
	return o, nil
}

func tlsMode(c *config.Config) server.TLSMode {
	switch {
	case c.MySQLTopologyUseMutualTLS:
		return server.TLSAlways
	case c.MySQLTopologyUseMixedTLS:
		return server.TLSMixed
	}
	return server.TLSNever
}

func serverQueries(c *config.Config) server.Queries {
	return server.Queries{
		Lag:               c.ReplicationLagQuery,
		InstanceAlias:     c.DetectInstanceAliasQuery,
		ClusterAlias:      c.DetectClusterAliasQuery,
		ClusterDomain:     c.DetectClusterDomainQuery,
		PromotionRule:     c.DetectPromotionRuleQuery,
		DataCenter:        c.DetectDataCenterQuery,
		Region:            c.DetectRegionQuery,
		Environment:       c.DetectPhysicalEnvironmentQuery,
		SemiSyncPriority:  c.DetectSemiSyncEnforcedQuery,
		PseudoGTIDPresent: c.DetectPseudoGTIDQuery,
	}
}

func metadata(c *config.Config) server.Metadata {
	if c.MetaDBHost == "" {
		return server.Metadata{}
	}
	return server.Metadata{At: topology.Key{Hostname: c.MetaDBHost, Port: c.MetaDBPort}, Schema: c.MetaDBName}
}
