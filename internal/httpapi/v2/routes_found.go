package v2

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"orchestrator/internal/config"
	"orchestrator/internal/gtid"
	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// Hit is something that a text has found.
type Hit struct {
	Kind    string `json:"kind" enum:"server,recovery,pool,setting" doc:"what name is the name of"`
	Name    string `json:"name" doc:"of a server its host:port, of a recovery its unique name, of a setting its key"`
	Text    string `json:"text" doc:"why it was found, or what it is"`
	Status  string `json:"status,omitempty" doc:"of a server"`
	Cluster string `json:"cluster,omitempty" doc:"the alias of the cluster that it belongs to"`
}

// Hits are what a text has found, servers first.
type Hits struct {
	Items []Hit  `json:"items"`
	Text  string `json:"text,omitempty" doc:"for a GTID: how many servers have executed it"`
}

// hitsAtMost is how many of a kind are told.
const hitsAtMost = 12

func foundRoutes() []route {
	return []route{{method: http.MethodGet, path: "/found", name: "find", topic: "instances", summary: "Servers, recoveries, pools and settings that a text names", local: true,
		doc: "A server is found as by search, by an address of its host, and by a GTID that it has executed (uuid:number, or domain-server-sequence). A recovery is found by its unique name or number. " +
			"At most 12 of each kind.",
		query: []parameter{{name: "q", doc: "the text"}}, answer: Hits{}, handle: find}}
}

func find(q *request) (any, error) {
	text := q.text("q")
	if text == "" {
		return nil, badRequest.say("there is nothing to search for").because("q", "send ?q=")
	}
	t, err := q.fleet()
	if err != nil {
		return nil, err
	}
	h := Hits{Items: []Hit{}}
	if executed := whoHas(text); executed != nil {
		having := slices.DeleteFunc(slices.Clone(t.Instances()), func(i *topology.Instance) bool { return !executed(i) })
		h.Text = fmt.Sprintf("%d of %d servers have executed %s", len(having), len(t.Instances()), text)
		h.Items = append(h.Items, q.hits(t, having, func(*topology.Instance) string { return "has executed " + text })...)
		return h, nil
	}
	named := slices.DeleteFunc(slices.Clone(t.Instances()), func(i *topology.Instance) bool { return !has(i, text) })
	h.Items = append(h.Items, q.hits(t, named, func(i *topology.Instance) string { return i.Version })...)
	for _, more := range []func(*request, *topology.Topology, string) ([]Hit, error){byAddress, recoveriesNamed, poolsNamed} {
		hits, err := more(q, t, text)
		if err != nil {
			return nil, err
		}
		h.Items = append(h.Items, hits...)
	}
	h.Items = append(h.Items, settingsNamed(text)...)
	return h, nil
}

// hits are servers with why they were found.
func (q *request) hits(t *topology.Topology, list []*topology.Instance, why func(*topology.Instance) string) []Hit {
	list = list[:min(len(list), hitsAtMost)]
	hits := make([]Hit, 0, len(list))
	for n, s := range q.shapes(t, list) {
		hits = append(hits, Hit{"server", s.Key, why(list[n]), s.Status, aliasIn(t, s.Cluster)})
	}
	return hits
}

// whoHas says by a text that is a GTID which servers have executed it; nil when it is none.
func whoHas(text string) func(*topology.Instance) bool {
	if gtid.LooksMariaDB(text) {
		if wanted, err := gtid.ParseMariaPos(text); err == nil && !wanted.IsEmpty() {
			return func(i *topology.Instance) bool {
				done, err := gtid.ParseMariaPos(i.ExecutedSet)
				return i.Channel.GTID != topology.OracleGTID && err == nil && done.Contains(wanted)
			}
		}
		return nil
	}
	wanted, err := gtid.Parse(text)
	if err != nil || wanted.IsEmpty() {
		return nil
	}
	return func(i *topology.Instance) bool {
		done, err := gtid.Parse(i.ExecutedSet)
		return err == nil && done.Contains(wanted)
	}
}

// addressLike is the beginning of an IP address, long enough to be meant as one.
var addressLike = regexp.MustCompile(`^(\d{1,3}\.\d{1,3}\.[\d.]*|[0-9a-fA-F]*:[0-9a-fA-F:]+)$`)

// byAddress finds servers by an address of their host, or its beginning.
func byAddress(q *request, t *topology.Topology, text string) ([]Hit, error) {
	if q.api.Addresses == nil || !addressLike.MatchString(text) && net.ParseIP(text) == nil {
		return nil, nil
	}
	all, err := q.api.Addresses(q.Context())
	if err != nil {
		return nil, fmt.Errorf("read the addresses of hosts: %w", err)
	}
	of := func(i *topology.Instance) string {
		n := slices.IndexFunc(all[i.Key.Hostname], func(address string) bool { return address != "" && strings.HasPrefix(address, text) })
		if n < 0 {
			return ""
		}
		return all[i.Key.Hostname][n]
	}
	list := slices.DeleteFunc(slices.Clone(t.Instances()), func(i *topology.Instance) bool { return of(i) == "" || has(i, text) })
	return q.hits(t, list, func(i *topology.Instance) string { return "its host has the address " + of(i) }), nil
}

// recoveryName is the unique name of a recovery.
var recoveryName = regexp.MustCompile(`^\d{10,}:\S+$`)

func recoveriesNamed(q *request, _ *topology.Topology, text string) ([]Hit, error) {
	if q.api.Engine.Records == nil || !recoveryName.MatchString(text) {
		return nil, nil
	}
	list, err := q.api.Engine.Records.Recoveries(q.Context(), operate.RecoveryQuery{UID: text, All: true})
	if err != nil {
		return nil, fmt.Errorf("read recovery %s: %w", text, err)
	}
	return mapped(list[:min(len(list), hitsAtMost)], func(r operate.Recovery) Hit {
		shown := recoveryOf(r)
		return Hit{Kind: "recovery", Name: shown.UID, Text: shown.Sentence, Cluster: cmp.Or(shown.Alias, shown.Cluster)}
	}), nil
}

// poolsNamed finds pools by a part of their name: in each cluster in which they have members.
func poolsNamed(q *request, t *topology.Topology, text string) ([]Hit, error) {
	if q.api.Engine.Pools == nil {
		return nil, nil
	}
	pools, err := q.api.Engine.Pools.Pools(q.Context())
	if err != nil {
		return nil, fmt.Errorf("read pools: %w", err)
	}
	hits := []Hit{}
	for _, pool := range slices.Sorted(maps.Keys(pools)) {
		if !partOf(pool, text) {
			continue
		}
		members := map[string]int{}
		for _, k := range pools[pool] {
			if i := t.Instance(k); i != nil {
				members[aliasIn(t, i.ClusterName)]++
			}
		}
		for _, alias := range slices.Sorted(maps.Keys(members)) {
			hits = append(hits, Hit{Kind: "pool", Name: pool, Text: fmt.Sprintf("pool with %d servers of %s", members[alias], alias), Cluster: alias})
		}
	}
	return hits[:min(len(hits), hitsAtMost)], nil
}

// settingsNamed finds keys of the configuration by a part of their name.
func settingsNamed(text string) []Hit {
	const least = 4 // shorter texts are parts of everything
	hits := []Hit{}
	for _, k := range config.Keys() {
		if len(text) >= least && partOf(k.Name, text) && len(hits) < hitsAtMost {
			hits = append(hits, Hit{Kind: "setting", Name: k.Name, Text: firstSentence(k.Meaning)})
		}
	}
	return hits
}

func firstSentence(text string) string {
	first, _, _ := strings.Cut(text, ". ")
	return strings.TrimSuffix(strings.ReplaceAll(first, "`", ""), ".")
}

// Addresses tells the addresses of hosts by their names, as they are known.
type Addresses func(context.Context) (map[string][]string, error)
