package main

import (
	"fmt"
	"log/slog"
	"strings"

	"orchestrator/internal/config"
	"orchestrator/internal/store"
)

// storeOptions are the options of the backend database. It fails when files of TLS cannot be used.
func storeOptions(c *config.Config, version string, log *slog.Logger) (store.Options, error) {
	o := store.Options{
		SkipUpdate:       c.SkipOrchestratorDatabaseUpdate,
		PanicIfDifferent: c.PanicIfDifferentDatabaseDeploy,
		Version:          version,
		Logger:           log,
	}
	if c.IsSQLite() {
		o.Dialect, o.File = store.SQLite, c.SQLite3DataFile
		return o, nil
	}
	o.Dialect = store.MySQL
	o.Host, o.Port, o.Database = c.MySQLOrchestratorHost, int(c.MySQLOrchestratorPort), c.MySQLOrchestratorDatabase
	o.User, o.Password = c.MySQLOrchestratorUser, c.MySQLOrchestratorPassword
	o.ConnectTimeout, o.ReadTimeout = c.MySQLConnectTimeout(), c.MySQLOrchestratorReadTimeout()
	o.ConnectionLifetime, o.MaxConnections = c.MySQLConnectionLifetime(), c.MySQLOrchestratorMaxPoolConnections
	o.RejectReadOnly, o.MaxAllowedPacket = c.MySQLOrchestratorRejectReadOnly, int(c.MySQLOrchestratorMaxAllowedPacket)
	if !c.MySQLOrchestratorUseMutualTLS {
		return o, nil
	}
	var err error
	o.TLS, err = clientTLS(tlsFiles{
		keys: "MySQLOrchestratorSSL",
		ca:   c.MySQLOrchestratorSSLCAFile, cert: c.MySQLOrchestratorSSLCertFile, key: c.MySQLOrchestratorSSLPrivateKeyFile,
		skipVerify:     c.MySQLOrchestratorSSLSkipVerify,
		withClientPair: !c.MySQLOrchestratorSSLSkipVerify,
	})
	if err != nil {
		return store.Options{}, fmt.Errorf("TLS for the backend: %w", err)
	}
	return o, nil
}

// backendAddress is how the backend is reached, as the nodes show it to each other.
func backendAddress(c *config.Config) string {
	if c.IsSQLite() {
		return c.SQLite3DataFile
	}
	return strings.Join(store.Addresses(c.MySQLOrchestratorHost, int(c.MySQLOrchestratorPort)), ",")
}
