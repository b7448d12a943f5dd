package config

import (
	"net"
	"time"
)

// RaftAddress completes the address of a raft node by DefaultRaftPort.
func (c *Config) RaftAddress(node string) string { return withPort(node, c.DefaultRaftPort) }

// RaftMembers are the raft nodes that the configuration names, each as host:port.
func (c *Config) RaftMembers() []string {
	members := make([]string, 0, len(c.RaftNodes))
	for _, node := range c.RaftNodes {
		members = append(members, c.RaftAddress(node))
	}
	return members
}

// RaftElection is how long the nodes hear nothing of a leader before they elect another one.
func (c *Config) RaftElection() time.Duration {
	return span(c.RaftElectionTimeoutMilliseconds, time.Millisecond)
}

// OwnURI is where this node's API is reached by others: HTTPAdvertise, or made of RaftAdvertise and the port of the
// address that it listens on.
func (c *Config) OwnURI(listening string) string {
	if c.HTTPAdvertise != "" {
		return c.HTTPAdvertise
	}
	host, _, err := net.SplitHostPort(c.RaftAddress(c.RaftAdvertise))
	if err != nil {
		host = c.RaftAdvertise
	}
	_, port, err := net.SplitHostPort(listening)
	if err != nil {
		return ""
	}
	scheme := "http"
	if c.UseSSL {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
