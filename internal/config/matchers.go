package config

import (
	"fmt"
	"regexp"
	"strings"
)

// matchers are the compiled regular expressions of one configuration.
type matchers struct {
	problemIgnore, oscIgnore, promotionIgnore *Filters
	ignoreReplicas, ignoreSources, ignoreAny  *Filters
	replicationUsers, recoveryIgnore          *NameFilters
	recoverPrimary, recoverIntermediate       *ClusterFilters
	aliases                                   []aliasPattern
	dataCenter, region, environment           *regexp.Regexp
	rejectName, pseudoGTID                    *regexp.Regexp
}

// newMatchers compiles everything; report is told of key, entry and cause when an expression is bad, and may be nil.
func newMatchers(c *Config, report func(key, entry string, err error)) *matchers {
	bad := func(key string) BadEntry {
		return func(entry string, err error) {
			if report != nil {
				report(key, entry, err)
			}
		}
	}
	m := &matchers{
		problemIgnore:       NewFilters(c.ProblemIgnoreHostnameFilters, bad("ProblemIgnoreHostnameFilters")),
		oscIgnore:           NewFilters(c.OSCIgnoreHostnameFilters, bad("OSCIgnoreHostnameFilters")),
		promotionIgnore:     NewFilters(c.PromotionIgnoreHostnameFilters, bad("PromotionIgnoreHostnameFilters")),
		ignoreReplicas:      NewFilters(c.DiscoveryIgnoreReplicaHostnameFilters, bad("DiscoveryIgnoreReplicaHostnameFilters")),
		ignoreSources:       NewFilters(c.DiscoveryIgnoreMasterHostnameFilters, bad("DiscoveryIgnoreMasterHostnameFilters")),
		ignoreAny:           NewFilters(c.DiscoveryIgnoreHostnameFilters, bad("DiscoveryIgnoreHostnameFilters")),
		replicationUsers:    NewNameFilters(c.DiscoveryIgnoreReplicationUsernameFilters, bad("DiscoveryIgnoreReplicationUsernameFilters")),
		recoveryIgnore:      NewNameFilters(c.RecoveryIgnoreHostnameFilters, bad("RecoveryIgnoreHostnameFilters")),
		recoverPrimary:      NewClusterFilters(c.RecoverMasterClusterFilters, bad("RecoverMasterClusterFilters")),
		recoverIntermediate: NewClusterFilters(c.RecoverIntermediateMasterClusterFilters, bad("RecoverIntermediateMasterClusterFilters")),
		aliases:             compileAliases(c.ClusterNameToAlias, bad("ClusterNameToAlias")),
		dataCenter:          one(c.DataCenterPattern, bad("DataCenterPattern")),
		region:              one(c.RegionPattern, bad("RegionPattern")),
		environment:         one(c.PhysicalEnvironmentPattern, bad("PhysicalEnvironmentPattern")),
		rejectName:          one(c.RejectHostnameResolvePattern, bad("RejectHostnameResolvePattern")),
	}
	if !c.PseudoGTIDPatternIsFixedSubstring {
		m.pseudoGTID = one(c.PseudoGTIDPattern, bad("PseudoGTIDPattern"))
	}
	return m
}

// one compiles a single expression; an empty one is none.
func one(expression string, bad BadEntry) *regexp.Regexp {
	if expression == "" {
		return nil
	}
	return compile(expression, expression, bad)
}

// patternRemedy says what to write instead of an expression that does not compile.
func patternRemedy(entry string) string {
	expression := strings.TrimPrefix(entry, "alias~=")
	if strings.HasPrefix(expression, "*") {
		return fmt.Sprintf("a regular expression cannot begin with *: write %q", strings.TrimSuffix(entry, expression)+"."+expression)
	}
	return `write a regular expression of Go's syntax (RE2), with \\ before a character that shall stand for itself`
}

// compiled gives the expressions compiled at load. A Config built by hand (Default and changes) has them compiled anew
// each time, so that what is asked always agrees with its fields.
func (c *Config) compiled() *matchers {
	if c.match != nil {
		return c.match
	}
	return newMatchers(c, nil)
}

// ProblemIgnore chooses the instances left out of the listing of problems (ProblemIgnoreHostnameFilters).
func (c *Config) ProblemIgnore() *Filters { return c.compiled().problemIgnore }

// OSCIgnore chooses the replicas not proposed for online schema changes (OSCIgnoreHostnameFilters).
func (c *Config) OSCIgnore() *Filters { return c.compiled().oscIgnore }

// PromotionIgnore chooses the instances never to promote (PromotionIgnoreHostnameFilters).
func (c *Config) PromotionIgnore() *Filters { return c.compiled().promotionIgnore }

// DiscoveryIgnoreReplicas chooses replicas not to discover (DiscoveryIgnoreReplicaHostnameFilters).
func (c *Config) DiscoveryIgnoreReplicas() *Filters { return c.compiled().ignoreReplicas }

// DiscoveryIgnoreSources chooses sources not to discover (DiscoveryIgnoreMasterHostnameFilters).
func (c *Config) DiscoveryIgnoreSources() *Filters { return c.compiled().ignoreSources }

// DiscoveryIgnoreAny chooses instances never to discover (DiscoveryIgnoreHostnameFilters).
func (c *Config) DiscoveryIgnoreAny() *Filters { return c.compiled().ignoreAny }

// DiscoveryIgnoreReplicationUsers matches replication user names whose replicas are skipped
// (DiscoveryIgnoreReplicationUsernameFilters).
func (c *Config) DiscoveryIgnoreReplicationUsers() *NameFilters { return c.compiled().replicationUsers }

// RecoveryIgnore matches host names, without port, that the analysis leaves out (RecoveryIgnoreHostnameFilters).
func (c *Config) RecoveryIgnore() *NameFilters { return c.compiled().recoveryIgnore }

// RecoverPrimaryClusters chooses the clusters whose primary is recovered automatically (RecoverMasterClusterFilters).
func (c *Config) RecoverPrimaryClusters() *ClusterFilters { return c.compiled().recoverPrimary }

// RecoverIntermediateClusters chooses the clusters whose intermediate sources and group members are recovered
// automatically (RecoverIntermediateMasterClusterFilters).
func (c *Config) RecoverIntermediateClusters() *ClusterFilters {
	return c.compiled().recoverIntermediate
}

// ClusterAlias gives the alias of ClusterNameToAlias for a cluster name; empty when no pattern matches. A pattern equal
// to the name goes first, then patterns in alphabetical order.
func (c *Config) ClusterAlias(clusterName string) string {
	return aliasOf(c.compiled().aliases, clusterName)
}

// DataCenterOf gives the data center that DataCenterPattern finds in a host name; empty when none.
func (c *Config) DataCenterOf(host string) string { return group(c.compiled().dataCenter, host) }

// RegionOf gives the region that RegionPattern finds in a host name; empty when none.
func (c *Config) RegionOf(host string) string { return group(c.compiled().region, host) }

// PhysicalEnvironmentOf gives the environment that PhysicalEnvironmentPattern finds in a host name; empty when none.
func (c *Config) PhysicalEnvironmentOf(host string) string {
	return group(c.compiled().environment, host)
}

// RejectsResolvedName reports whether RejectHostnameResolvePattern matches a resolved name.
func (c *Config) RejectsResolvedName(name string) bool {
	re := c.compiled().rejectName
	return re != nil && re.MatchString(name)
}

// PseudoGTIDExpression is PseudoGTIDPattern compiled; nil when it is empty, bad, or a fixed substring.
func (c *Config) PseudoGTIDExpression() *regexp.Regexp { return c.compiled().pseudoGTID }
