package config

import (
	"encoding/json"
	"fmt"
)

// Change is a key that has another value in one configuration than in another one.
type Change struct {
	Key           Key
	Before, After json.RawMessage // as Dump shows them: secrets are masked
}

// Changes are the keys whose values differ, in the order of the reference page.
func Changes(before, after *Config) ([]Change, error) {
	was, err := before.Values()
	if err != nil {
		return nil, err
	}
	is, err := after.Values()
	if err != nil {
		return nil, err
	}
	var list []Change
	for _, k := range keyRegistry().keys {
		if !sameValue(before.field(k.Name), after.field(k.Name)) {
			list = append(list, Change{k, was[k.Name], is[k.Name]})
		}
	}
	return list, nil
}

// Values is Dump by key: what is in force, secrets masked.
func (c *Config) Values() (map[string]json.RawMessage, error) {
	text, err := c.Dump()
	if err != nil {
		return nil, err
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return values, nil
}

// OfOneNode says that each node of a group has a value of its own for the key, so that it says nothing when they differ.
func (k Key) OfOneNode() bool {
	switch k.Name {
	case "ListenAddress", "ListenSocket", "HTTPAdvertise", "RaftBind", "RaftAdvertise", "RaftDataDir", "RaftWitness", "SQLite3DataFile",
		"SSLPrivateKeyFile", "SSLCertFile", "RaftSSLCertFile", "RaftSSLPrivateKeyFile", "MySQLTopologySSLPrivateKeyFile", "MySQLTopologySSLCertFile",
		"AuditLogFile", "CustomOrcIdentity", "ConsulAddress", "GraphitePath", "WebCustomDirectory":
		return true
	}
	return false
}
