package config

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
)

// localListenAddress is where the service listens when no file says where.
const localListenAddress = "127.0.0.1:3000"

// IsSQLite reports whether the backend is SQLite; otherwise it is MySQL.
func (c *Config) IsSQLite() bool { return strings.Contains(strings.ToLower(c.BackendDB), "sqlite") }

// BackendChosen reports whether SQLite was chosen because no file configures a backend.
func (c *Config) BackendChosen() bool { return c.origin.chosenBackend }

// SavedTransactionsDir is where the extra transactions of replaced primaries are saved.
func (c *Config) SavedTransactionsDir() string {
	const name = "extra-transactions"
	switch {
	case c.ExtraTransactionsDirectory != "":
		return c.ExtraTransactionsDirectory
	case c.IsSQLite() && !strings.Contains(c.SQLite3DataFile, ":memory:"):
		return filepath.Join(filepath.Dir(c.SQLite3DataFile), name)
	}
	return name
}

// Rejoin is AutoRejoin in lower case; "off" for a value that is not known.
func (c *Config) Rejoin() string {
	if policy := strings.ToLower(c.AutoRejoin); policy == "clean" || policy == "clone" {
		return policy
	}
	return "off"
}

// EffectiveListenAddress is the TCP address to listen on: ListenAddress when a file gives it, else the loopback address
// only. It does not matter when ListenSocket is set.
func (c *Config) EffectiveListenAddress() string {
	if c.given("ListenAddress") {
		return c.ListenAddress
	}
	return localListenAddress
}

// listensOnLoopbackOnly reports whether no other machine can reach the API.
func (c *Config) listensOnLoopbackOnly() bool {
	if c.ListenSocket != "" {
		return true
	}
	host, _, err := net.SplitHostPort(c.EffectiveListenAddress())
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// authentication is AuthenticationMethod in lower case; "" when it is off or not known.
func (c *Config) authentication() string {
	switch method := strings.ToLower(c.AuthenticationMethod); method {
	case "basic", "multi", "proxy", "token", "users", "oauth":
		return method
	}
	return ""
}

// chooseBackend decides for SQLite when no file names a backend or a MySQL host. A file that names a host later, at a
// reload, takes that decision back.
func (l *loader) chooseBackend() {
	c := l.cfg
	if c.given("BackendDB") {
		c.origin.chosenBackend = false
		return
	}
	c.origin.chosenBackend = c.MySQLOrchestratorHost == ""
	if !c.origin.chosenBackend {
		c.BackendDB = "mysql"
		return
	}
	c.BackendDB = "sqlite"
	if c.SQLite3DataFile == "" {
		c.SQLite3DataFile = l.opts.DataFile()
	}
	l.found.warn(Warning{Key: "BackendDB", Kind: Notice,
		Text:   fmt.Sprintf("is not given and neither is MySQLOrchestratorHost, so SQLite is used, in %s", c.SQLite3DataFile),
		Remedy: "give BackendDB to decide yourself"})
}

// Given says whether a file gives the key of that name.
func (c *Config) Given(name string) bool { return c.given(name) }

// OpenWithoutAuthentication is a warning when everybody who can reach this machine may change topologies; "" otherwise.
func (c *Config) OpenWithoutAuthentication() string {
	if c.authentication() != "" || c.UseMutualTLS || c.ReadOnly || c.ListenSocket != "" || c.listensOnLoopbackOnly() {
		return ""
	}
	return "The API listens on " + c.EffectiveListenAddress() + " and asks nobody who they are: everybody who can connect may change topologies. Set AuthenticationMethod, or listen on 127.0.0.1."
}
