//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"orchestrator/internal/topology"
)

// The managing user of the fleet.
const (
	user     = "orchestrator"
	password = "fleetbench"
)

// overrides are configuration keys given on the command line. It is a flag.Value.
type overrides map[string]json.RawMessage

// String gives nothing: the flag has no default.
func (o overrides) String() string { return "" }

// Set takes in Key=JSON.
func (o overrides) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" || !json.Valid([]byte(value)) {
		return fmt.Errorf("%q: the form is Key=JSON, with text in quotes", text)
	}
	o[key] = json.RawMessage(value)
	return nil
}

// writeConfig writes the manager's configuration into a directory, and gives the file.
func writeConfig(directory, listen string, seeds []topology.Key, more overrides) (string, error) {
	texts := make([]string, 0, len(seeds))
	for _, k := range seeds {
		texts = append(texts, k.String())
	}
	keys := map[string]any{
		"MySQLTopologyUser": user, "MySQLTopologyPassword": password,
		"BackendDB": "sqlite", "SQLite3DataFile": filepath.Join(directory, "orchestrator.sqlite3"),
		"ListenAddress": listen, "DiscoverySeeds": texts, "DiscoverByShowSlaveHosts": true,
		"InstancePollSeconds": 5, "HostnameResolveMethod": "none", "MySQLHostnameResolveMethod": "",
		"RecoverMasterClusterFilters": []string{}, "RecoverIntermediateMasterClusterFilters": []string{},
	}
	for k, v := range more {
		keys[k] = v
	}
	text, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write the configuration: %w", err)
	}
	file := filepath.Join(directory, "orchestrator.conf.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return "", fmt.Errorf("write the configuration: %w", err)
	}
	return file, nil
}
