package config

import (
	"net"
	"net/netip"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// BadEntry is told of each entry whose regular expression does not compile. Such an entry never matches.
type BadEntry func(entry string, err error)

func compile(entry, expression string, bad BadEntry) *regexp.Regexp {
	re, err := regexp.Compile(expression)
	if err != nil {
		if bad != nil {
			bad(entry, err)
		}
		return nil
	}
	return re
}

// Filters is a list of entries that choose instances: an IP address stands for exactly that host, anything else is a
// regular expression searched for in host:port.
type Filters struct {
	hosts       map[string]bool
	expressions []*regexp.Regexp
}

// NewFilters compiles entries; bad may be nil.
func NewFilters(entries []string, bad BadEntry) *Filters {
	f := &Filters{hosts: map[string]bool{}}
	for _, entry := range entries {
		if _, err := netip.ParseAddr(entry); err == nil {
			f.hosts[entry] = true
			continue
		}
		if re := compile(entry, entry, bad); re != nil {
			f.expressions = append(f.expressions, re)
		}
	}
	return f
}

// Match reports whether an entry chooses the instance. An IPv6 host is written with brackets before the port when it is
// compared with expressions.
func (f *Filters) Match(host string, port int) bool {
	if f.hosts[host] {
		return true
	}
	if len(f.expressions) == 0 {
		return false
	}
	return anyMatch(f.expressions, net.JoinHostPort(host, strconv.Itoa(port)))
}

// NameFilters is a list of regular expressions searched for in one name.
type NameFilters struct {
	expressions []*regexp.Regexp
}

// NewNameFilters compiles entries; bad may be nil.
func NewNameFilters(entries []string, bad BadEntry) *NameFilters {
	f := &NameFilters{}
	for _, entry := range entries {
		if re := compile(entry, entry, bad); re != nil {
			f.expressions = append(f.expressions, re)
		}
	}
	return f
}

// Match reports whether an expression is found in name.
func (f *NameFilters) Match(name string) bool { return anyMatch(f.expressions, name) }

func anyMatch(expressions []*regexp.Regexp, text string) bool {
	for _, re := range expressions {
		if re.MatchString(text) {
			return true
		}
	}
	return false
}

// ClusterFilters is a list of entries that choose clusters: "*" all; a cluster name or alias as it is; "alias=NAME";
// "alias~=REGEX"; anything else a regular expression searched for in the cluster name host:port.
type ClusterFilters struct {
	all          bool
	exact        map[string]bool // cluster name or alias
	aliases      map[string]bool
	aliasMatches []*regexp.Regexp
	nameMatches  []*regexp.Regexp
}

// NewClusterFilters compiles entries; bad may be nil. Empty entries choose nothing.
func NewClusterFilters(entries []string, bad BadEntry) *ClusterFilters {
	f := &ClusterFilters{exact: map[string]bool{}, aliases: map[string]bool{}}
	for _, entry := range entries {
		f.add(entry, bad)
	}
	return f
}

func (f *ClusterFilters) add(entry string, bad BadEntry) {
	if entry == "" {
		return
	}
	f.exact[entry] = true
	if entry == "*" {
		f.all = true
		return
	}
	if alias, ok := strings.CutPrefix(entry, "alias="); ok {
		f.aliases[alias] = true
		return
	}
	if expression, ok := strings.CutPrefix(entry, "alias~="); ok {
		if re := compile(entry, expression, bad); re != nil {
			f.aliasMatches = append(f.aliasMatches, re)
		}
		return
	}
	if re := compile(entry, entry, bad); re != nil {
		f.nameMatches = append(f.nameMatches, re)
	}
}

// Match reports whether an entry chooses the cluster of that name and alias; an alias may be empty.
func (f *ClusterFilters) Match(clusterName, alias string) bool {
	switch {
	case f.all, f.exact[clusterName], f.exact[alias], f.aliases[alias]:
		return true
	case anyMatch(f.aliasMatches, alias):
		return true
	default:
		return anyMatch(f.nameMatches, clusterName)
	}
}

// All reports whether every cluster is chosen by "*".
func (f *ClusterFilters) All() bool { return f.all }

// chooses reports whether any entry can match at all, apart from names that happen to equal an entry.
func (f *ClusterFilters) chooses() bool {
	return f.all || len(f.aliases)+len(f.aliasMatches)+len(f.nameMatches) > 0
}

// aliasPattern is one entry of ClusterNameToAlias.
type aliasPattern struct {
	text       string
	expression *regexp.Regexp // nil when it does not compile
	alias      string
}

// compileAliases orders the map by pattern, so that the answer does not depend on chance.
func compileAliases(patterns map[string]string, bad BadEntry) []aliasPattern {
	out := make([]aliasPattern, 0, len(patterns))
	for text, alias := range patterns {
		out = append(out, aliasPattern{text: text, alias: alias})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].text < out[j].text })
	for i := range out {
		out[i].expression = compile(out[i].text, out[i].text, bad)
	}
	return out
}

func aliasOf(patterns []aliasPattern, clusterName string) string {
	for _, p := range patterns {
		if p.text == clusterName {
			return p.alias
		}
	}
	for _, p := range patterns {
		if p.expression != nil && p.expression.MatchString(clusterName) {
			return p.alias
		}
	}
	return ""
}

// group gives the first group of the expression's match in text; empty without a match or a group.
func group(re *regexp.Regexp, text string) string {
	if re == nil {
		return ""
	}
	if m := re.FindStringSubmatch(text); len(m) > 1 {
		return m[1]
	}
	return ""
}
