package config

import (
	"fmt"
	"net"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// validate looks at the result as a whole, after the last file.
func (l *loader) validate() {
	for _, k := range keyRegistry().keys {
		l.validateRange(k)
		l.validateWord(k)
	}
	l.validateBackend()
	l.validateListeners()
	l.validateAuthentication()
	l.validateDiscovery()
	l.validateRecovery()
	l.validateWriteAbility()
	l.validateRaftNodes()
	l.validateNeighbours()
	l.cfg.match = newMatchers(l.cfg, func(key, entry string, err error) {
		l.found.warn(Warning{File: l.cfg.Source(key), Key: key, Kind: BadPattern,
			Text:   fmt.Sprintf("%q is not a regular expression and never matches: %s", entry, strings.TrimPrefix(err.Error(), "error parsing regexp: ")),
			Remedy: patternRemedy(entry)})
	})
	l.validateGroups()
}

func (l *loader) validateRange(k Key) {
	if k.Range == nil {
		return
	}
	field := l.cfg.field(k.Name)
	tooLow, tooHigh := false, false
	if field.CanUint() {
		tooLow = k.Range.Min > 0 && field.Uint() < uint64(k.Range.Min)
		tooHigh = field.Uint() > uint64(k.Range.Max)
	} else {
		tooLow, tooHigh = field.Int() < k.Range.Min, field.Int() > k.Range.Max
	}
	value := field.Interface()
	switch {
	case tooLow && k.Range.Raise:
		setNumber(field, k.Range.Min)
		l.warn(k.Name, fmt.Sprintf("is %d; %d is used", value, k.Range.Min), fmt.Sprintf("write %d or more", k.Range.Min))
	case tooLow:
		l.fail(k.Name, fmt.Sprintf("is %d, less than %d", value, k.Range.Min), fmt.Sprintf("write %d or more; the default is %v", k.Range.Min, k.Default))
	case tooHigh:
		l.fail(k.Name, fmt.Sprintf("is %d, more than %d", value, k.Range.Max), fmt.Sprintf("write a number up to %d; the default is %v", k.Range.Max, k.Default))
	}
}

func setNumber(field reflect.Value, n int64) {
	field.Set(reflect.ValueOf(n).Convert(field.Type()))
}

func (l *loader) validateWord(k Key) {
	if k.OneOf == nil {
		return
	}
	value := l.cfg.field(k.Name).String()
	if slices.ContainsFunc(k.OneOf, func(word string) bool { return strings.EqualFold(word, value) }) {
		return
	}
	l.warn(k.Name, fmt.Sprintf("%q is not known and amounts to: %s", value, k.Otherwise), "write one of "+quotedList(k.OneOf))
}

func quotedList(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	return strings.Join(quoted, ", ")
}

func (l *loader) validateBackend() {
	c := l.cfg
	if !c.IsSQLite() && c.BackendDB != "" && !strings.EqualFold(c.BackendDB, "mysql") {
		l.fail("BackendDB", fmt.Sprintf("%q is not a known backend", c.BackendDB), `write "mysql" or "sqlite"`)
	}
	if !c.IsSQLite() && c.MySQLOrchestratorHost != "" && c.MySQLOrchestratorPort == 0 {
		l.warn("MySQLOrchestratorPort", "is 0, on which no server listens", "write the port of the backend, such as 3306")
	}
	if c.MetaDBHost != "" && c.MetaDBName == "" {
		l.warn("MetaDBName", "is empty, but MetaDBHost is given", "write the schema of the metadata database")
	}
}

func (l *loader) validateListeners() {
	c := l.cfg
	if c.ListenSocket == "" {
		l.validateAddress("ListenAddress", c.ListenAddress)
	}
	if c.ServeAgentsHttp {
		l.validateAddress("AgentsServerPort", c.AgentsServerPort)
	}
	if c.UseSSL && c.ListenSocket != "" {
		l.warn("UseSSL", "has no effect, because ListenSocket is served without TLS", "remove one of them")
	}
	if c.UseSSL && c.ListenSocket == "" && (c.SSLCertFile == "" || c.SSLPrivateKeyFile == "") {
		l.warn("UseSSL", "is true, but SSLCertFile or SSLPrivateKeyFile is empty, so the service cannot listen", "write both")
	}
	if c.UseMutualTLS && len(c.SSLValidOUs) == 0 {
		l.warn("SSLValidOUs", "is empty, so with UseMutualTLS nobody passes", "list the OrganizationalUnits of client certificates to accept")
	}
}

func (l *loader) validateAddress(key, address string) {
	const remedy = `write host:port or :port, such as ":3000"`
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		l.fail(key, fmt.Sprintf("%q is not an address", address), remedy)
		return
	}
	if !isPort(port) {
		l.fail(key, fmt.Sprintf("%q is not a port", port), remedy)
	}
}

// isPort accepts a port number or the name of a service.
func isPort(port string) bool {
	_, err := net.LookupPort("tcp", port)
	return port != "" && err == nil
}

func (l *loader) validateAuthentication() {
	c := l.cfg
	switch method := c.authentication(); method {
	case "multi":
		if c.HTTPAuthUser == "" {
			l.fail("HTTPAuthUser", `is empty, but AuthenticationMethod is "multi"`, "write the user who may change things, and HTTPAuthPassword")
		}
	case "basic":
		if c.HTTPAuthUser == "" {
			l.warn("HTTPAuthUser", `is empty, but AuthenticationMethod is "basic"`, "write HTTPAuthUser and HTTPAuthPassword")
		}
	case "users":
		if c.AuthUsersFile == "" {
			l.fail("AuthUsersFile", `is empty, but AuthenticationMethod is "users"`, "name the file that lists people and machines")
		}
	case "oauth":
		l.warn("AuthenticationMethod", `"oauth" never allows anybody to change anything`, `write "basic", "multi", "proxy", "token" or "users"`)
	}
	if method := c.authentication(); (method == "basic" || method == "multi") && c.HTTPAuthUser != "" && c.HTTPAuthPassword == "" {
		l.warn("HTTPAuthPassword", fmt.Sprintf("is empty, but AuthenticationMethod is %q", method), "write a password")
	}
}

func (l *loader) validateDiscovery() {
	c := l.cfg
	if c.DiscoveryMaxConcurrency == 0 {
		l.warn("DiscoveryMaxConcurrency", "is 0, so no server is ever probed", "write a number above 0, such as 300")
	}
	for _, seed := range c.DiscoverySeeds {
		if _, port, err := net.SplitHostPort(seed); err == nil && !isPort(port) {
			l.warn("DiscoverySeeds", fmt.Sprintf("%q has no usable port", seed), `write "host" or "host:port"`)
		}
	}
	if m := c.SlaveBinLogEnableMaxLagSeconds; m > 0 && m <= c.ReasonableReplicationLagSeconds {
		l.warn("SlaveBinLogEnableMaxLagSeconds", fmt.Sprintf("is %d, not above ReasonableReplicationLagSeconds (%d), so it has no effect", m, c.ReasonableReplicationLagSeconds),
			"write a larger number, or 0 for off")
	}
}

func (l *loader) validateRecovery() {
	c := l.cfg
	const minutes = "RecoveryPeriodBlockMinutes"
	if c.given(minutes) && c.RecoveryPeriodBlockSeconds != c.RecoveryPeriodBlockMinutes*60 {
		l.warn(minutes, fmt.Sprintf("has no effect, because RecoveryPeriodBlockSeconds is %d", c.RecoveryPeriodBlockSeconds),
			fmt.Sprintf("write \"RecoveryPeriodBlockSeconds\": %d for these minutes", c.RecoveryPeriodBlockMinutes*60))
	}
}

// CannotWriteFindings are the names that FailoverOnCannotWrite may hold.
func CannotWriteFindings() []string {
	return []string{"MasterDiskFull", "MasterFileSystemReadOnly", "MasterCommitsStalled", "MasterWritesLocked", "MasterConnectionsUsedUp", "MasterWriteCheckFails"}
}

// validateWriteAbility looks at what is done about primaries that cannot write.
func (l *loader) validateWriteAbility() {
	c := l.cfg
	for _, name := range c.FailoverOnCannotWrite {
		if !slices.Contains(CannotWriteFindings(), name) {
			l.fail("FailoverOnCannotWrite", fmt.Sprintf("%q is none of its findings", name), "write names out of "+quotedList(CannotWriteFindings()))
		}
	}
	if c.CannotWriteAfter() == 0 && len(c.FailoverOnCannotWrite) > 0 {
		l.warn("FailoverOnCannotWrite", "has no effect, because CannotWriteSeconds is 0", "write a number above 0")
	}
	schema, table, ok := strings.Cut(c.WriteCheckTable, ".")
	if c.WriteCheckTable != "" && (!ok || schema == "" || table == "" || strings.ContainsAny(c.WriteCheckTable, "`\x00") || strings.Contains(table, ".")) {
		l.fail("WriteCheckTable", fmt.Sprintf("%q is no name of a table", c.WriteCheckTable), "write schema.table")
	}
}

// validateRaftNodes looks for this node in the list of members, as written: names are not resolved here.
func (l *loader) validateRaftNodes() {
	c := l.cfg
	if !c.RaftEnabled || len(c.RaftNodes) == 0 {
		return
	}
	self := withPort(c.RaftAdvertise, c.DefaultRaftPort)
	for _, node := range c.RaftNodes {
		if withPort(node, c.DefaultRaftPort) == self {
			return
		}
	}
	l.warn("RaftNodes", fmt.Sprintf("does not list this node as its RaftAdvertise is written (%s)", c.RaftAdvertise),
		"list every node, this one included, in the same spelling on all nodes")
}

// withPort completes host or host:port by a default port.
func withPort(node string, port int) string {
	if _, _, err := net.SplitHostPort(node); err == nil {
		return node
	}
	return net.JoinHostPort(strings.Trim(node, "[]"), strconv.Itoa(port))
}

func (l *loader) validateNeighbours() {
	c := l.cfg
	if c.GraphiteAddr != "" {
		if host, port, err := net.SplitHostPort(c.GraphiteAddr); err != nil || host == "" || !isPort(port) {
			l.warn("GraphiteAddr", fmt.Sprintf("%q is not host:port, so Graphite stays off", c.GraphiteAddr), `write it like "graphite.example.com:2003"`)
		}
		if c.GraphitePath == "" {
			l.warn("GraphitePath", "is empty, so Graphite stays off", `write a prefix such as "orchestrator.{hostname}"`)
		}
	}
	if c.ConsulCrossDataCenterDistribution && c.ConsulAddress == "" {
		l.warn("ConsulCrossDataCenterDistribution", "has no effect, because ConsulAddress is empty", "write ConsulAddress")
	}
}

// validateGroups looks for the group that the classification patterns need.
func (l *loader) validateGroups() {
	m := l.cfg.match
	for _, p := range []struct {
		key string
		re  *regexp.Regexp
	}{{"DataCenterPattern", m.dataCenter}, {"RegionPattern", m.region}, {"PhysicalEnvironmentPattern", m.environment}} {
		if p.re != nil && p.re.NumSubexp() == 0 {
			l.warn(p.key, "has no group, so it finds nothing", `put what shall be found in parentheses, such as "[.]([^.]+)[.]example[.]com$"`)
		}
	}
}
