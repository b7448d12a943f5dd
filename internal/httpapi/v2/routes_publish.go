package v2

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/publish"
)

// Publishing is whom the service tells what happens.
type Publishing struct {
	Hooks []HookList `json:"hooks"`
	KV    []string   `json:"kv" doc:"where the primaries are written"`
	// Stores are those of them outside the backend, as this node sees them.
	Stores []KVStore `json:"stores" doc:"how it stands with each, as seen by this node"`
}

// KVStore is a key-value store that says who the primaries are.
type KVStore struct {
	Name     string      `json:"name"`
	Clusters int         `json:"clusters" doc:"whose entries were last seen to be in order"`
	Written  uint64      `json:"written" doc:"how often entries of a cluster were changed since the start"`
	Failures uint64      `json:"failures" doc:"how often the store could not be read or written since the start"`
	Problems []KVProblem `json:"problems"`
}

// KVProblem is why a store does not say who the primary of a cluster is. It is tried again.
type KVProblem struct {
	Alias string    `json:"alias" doc:"of the cluster; empty: all"`
	Text  string    `json:"text"`
	Since time.Time `json:"since"`
}

// HookList are the programs that are run on an occasion.
type HookList struct {
	Name     string   `json:"name"`
	Commands []string `json:"commands"`
}

// PublishRequest asks to write primaries to the key-value stores.
type PublishRequest struct {
	Cluster string `json:"cluster,omitempty" doc:"only of this cluster"`
}

// PublishedEntry is what one store says of one cluster, beside what it is to say.
type PublishedEntry struct {
	Store    string     `json:"store"`
	Alias    string     `json:"alias" doc:"of the cluster"`
	Wanted   string     `json:"wanted" doc:"the primary that is to stand there"`
	Seen     []KVSight  `json:"seen" doc:"what stood there at the last look, in each place of the store"`
	Checked  *time.Time `json:"checked" doc:"the last look; null: there was none yet"`
	Changed  *time.Time `json:"changed" doc:"when this manager changed it last; null: not since its start"`
	State    string     `json:"state" enum:"in-order,unseen,held,differs,newer,failing"`
	Since    *time.Time `json:"since" doc:"since when it is not in order; null: it is"`
	Sentence string     `json:"sentence"`
	Drift    *KVDrift   `json:"drift" doc:"the last time that somebody else was found to have changed it; null: never since the start"`
}

// KVSight is what stood in one place of a store.
type KVSight struct {
	Place string `json:"place,omitempty" doc:"a data center, where the store has several"`
	Value string `json:"value" doc:"empty: nothing"`
	OK    bool   `json:"ok" doc:"it is what is wanted, with all that belongs to it"`
}

// KVDrift is that somebody else had changed an entry.
type KVDrift struct {
	Value string    `json:"value" doc:"what it said; empty: nothing"`
	Seen  time.Time `json:"seen" doc:"when that was found"`
}

// HookRuns are the last runs of hooks.
type HookRuns struct {
	Node    string    `json:"node" doc:"that ran them, and remembers them since it began"`
	LimitMS *int64    `json:"limit_ms" doc:"for how long a hook may run; null: for as long as it likes"`
	Items   []HookRun `json:"items" doc:"newest first, the last 20 of each list"`
}

// HookRun is one run of a hook that has ended.
type HookRun struct {
	List       string     `json:"list" doc:"the configuration key"`
	Number     int        `json:"number" doc:"its place in the list, from 1"`
	Of         int        `json:"of"`
	Command    string     `json:"command"`
	Recovery   string     `json:"recovery,omitempty" doc:"for which it was run; empty for some, and for tests"`
	Background bool       `json:"background" doc:"nobody waited for it"`
	Test       bool       `json:"test" doc:"it was run with invented facts"`
	Began      *time.Time `json:"began"`
	TookMS     float64    `json:"took_ms"`
	ExitCode   *int       `json:"exit_code" doc:"null: it was not started, or was stopped"`
	Output     string     `json:"output,omitempty" doc:"both outputs, of a long one the beginning and the end; only for those who may change servers"`
	Error      string     `json:"error,omitempty"`
}

func (a *API) publishRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/publish", name: "getPublishing", topic: "service", summary: "Whom the service tells what happens", local: true,
			answer: Publishing{}, handle: a.publishing},
		{method: http.MethodPost, path: "/publish", name: "publishPrimaries", topic: "service", summary: "Write the primaries to the key-value stores", needs: operate.Operator,
			body: PublishRequest{}, answer: Outcome{}, handle: runs("submit-masters-to-kv-stores", body(func(_ *request, b PublishRequest) map[operate.Param]string {
				return map[operate.Param]string{operate.ParamCluster: b.Cluster}
			}))},
		{method: http.MethodGet, path: "/publish/entries", name: "listPublished", topic: "service", summary: "What the key-value stores outside say of each cluster, beside what they are to say", local: true,
			doc:    "As the answering manager has read it back: each entry about once a minute. A manager that does not publish knows none.",
			query:  paging(parameter{name: "state", doc: "only those in this state; bad: all that are not in order"}, parameter{name: "store", doc: "only of this store"}, parameter{name: "alias", doc: "only of this cluster"}),
			answer: Page[PublishedEntry]{}, handle: a.publishedEntries},
		{method: http.MethodGet, path: "/publish/runs", name: "listHookRuns", topic: "service", summary: "The last runs of hooks: exit code, output, duration",
			doc: "Of the manager that leads, since it began; the log has all.", answer: HookRuns{}, handle: a.hookRuns},
	}
}

func (a *API) stores() []KVStore {
	all := []KVStore{}
	if a.Stores == nil {
		return all
	}
	for _, s := range a.Stores() {
		k := KVStore{Name: s.Store, Clusters: s.Clusters, Written: s.Written, Failures: s.Failures, Problems: []KVProblem{}}
		for _, p := range s.Problems {
			k.Problems = append(k.Problems, KVProblem(p))
		}
		all = append(all, k)
	}
	return all
}

func (a *API) publishing(*request) (any, error) {
	c := a.Engine.Config()
	p := Publishing{Hooks: []HookList{}, KV: []string{}, Stores: a.stores()}
	for _, l := range operate.HookLists(c) {
		p.Hooks = append(p.Hooks, HookList{l.Name, append([]string{}, l.Commands...)})
	}
	for name, address := range map[string]string{"consul": c.ConsulAddress, "etcd": c.EtcdAddress, "zookeeper": c.ZkAddress} {
		if address = strings.TrimSpace(address); address != "" {
			p.KV = append(p.KV, name+" "+address)
		}
	}
	slices.Sort(p.KV)
	return p, nil
}

// sick are the states in which somebody may have to do something, the worst first.
var sick = []publish.State{publish.Failing, publish.Newer, publish.Differs, publish.Held}

func (a *API) publishedEntries(q *request) (any, error) {
	w, err := q.window()
	if err != nil {
		return nil, err
	}
	state, store, alias := q.text("state"), q.text("store"), q.text("alias")
	list := []PublishedEntry{}
	for _, l := range a.listings() {
		for n := range l.Entries {
			e := publishedEntry(l.Store, &l.Entries[n])
			fits := state == "" || e.State == state || state == "bad" && slices.Contains(sick, publish.State(e.State))
			if fits && (store == "" || e.Store == store) && (alias == "" || e.Alias == alias) {
				list = append(list, e)
			}
		}
	}
	rank := func(e PublishedEntry) int { // what needs a look comes first
		if n := slices.Index(sick, publish.State(e.State)); n >= 0 {
			return n
		}
		return len(sick)
	}
	slices.SortStableFunc(list, func(a, b PublishedEntry) int {
		if c := rank(a) - rank(b); c != 0 {
			return c
		}
		return strings.Compare(a.Alias+"\x00"+a.Store, b.Alias+"\x00"+b.Store)
	})
	return pageOf(list, w, func(e PublishedEntry) string { return e.Alias + "\x00" + e.Store })
}

func (a *API) listings() []publish.Listing {
	if a.Published == nil {
		return nil
	}
	return a.Published()
}

func publishedEntry(store string, e *publish.Entry) PublishedEntry {
	out := PublishedEntry{
		Store: store, Alias: e.Alias, Wanted: e.Wanted, Seen: []KVSight{}, Checked: when(e.Checked), Changed: when(e.Changed), State: string(e.State), Since: when(e.Since),
		Sentence: publishedSentence(e),
	}
	for _, s := range e.Sights {
		out.Seen = append(out.Seen, KVSight{s.Place, s.Value, s.Would == publish.Present})
	}
	if e.Drift != nil {
		out.Drift = &KVDrift{e.Drift.Value, e.Drift.Seen.UTC()}
	}
	return out
}

// publishedSentence says how it stands with an entry.
func publishedSentence(e *publish.Entry) string {
	says, said := "It was not read yet", ""
	if !e.Checked.IsZero() {
		says, said = "It says "+saidBy(e.Sights), " It said "+saidBy(e.Sights)+" last."
	}
	switch e.State {
	case publish.AsWanted:
		return "It says " + e.Wanted + ", as it should."
	case publish.Unseen:
		return says + "."
	case publish.Differs:
		return says + ", and the primary is " + e.Wanted + ". It is about to be put right."
	case publish.Failing:
		return "It is to say " + e.Wanted + ", and cannot be read or written: " + e.Problem + "." + said
	case publish.Held:
		return says + ", and the primary is " + e.Wanted + ". It is left as it is: " + strings.TrimPrefix(e.Problem, "not published: ")
	}
	return says + ", and is to say " + e.Wanted + ": " + e.Problem
}

// saidBy is what stands in a store, place by place where that is not the same.
func saidBy(sights []publish.Sight) string {
	value := func(s publish.Sight) string {
		if s.Value == "" {
			return "nothing"
		}
		return s.Value
	}
	if !slices.ContainsFunc(sights, func(s publish.Sight) bool { return value(s) != value(sights[0]) }) && len(sights) > 0 {
		return value(sights[0])
	}
	said := mapped(sights, func(s publish.Sight) string { return fmt.Sprintf("%s in %s", value(s), s.Place) })
	return strings.Join(said, ", ")
}

func (a *API) hookRuns(q *request) (any, error) {
	out := HookRuns{Node: a.Engine.Node.Hostname, Items: []HookRun{}}
	if a.Engine.Hooks == nil {
		return out, nil
	}
	if limit := a.Engine.Hooks.Limit(); limit > 0 {
		ms := limit.Milliseconds()
		out.LimitMS = &ms
	}
	for _, r := range a.Engine.Hooks.Runs() {
		shown := HookRun{
			List: r.List, Number: r.Number, Of: r.Of, Command: r.Command, Background: r.Background, Test: r.Test, Began: when(r.Began),
			TookMS: float64(r.Took) / float64(time.Millisecond), ExitCode: r.ExitCode,
		}
		if !r.Test {
			shown.Recovery = r.RecoveryUID
		}
		if q.caller.Role.May(operate.Operator) { // programs may say what not everybody is to read
			shown.Output, shown.Error = r.Output, r.Error
		}
		out.Items = append(out.Items, shown)
	}
	return out, nil
}
