package v2

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/publish"
)

// Publishing is whom the service tells what happens.
type Publishing struct {
	Hooks    []HookList `json:"hooks"`
	KV       []string   `json:"kv" doc:"where the primaries are written"`
	Sentence string     `json:"sentence" doc:"whether what is said is right"`
	Status   string     `json:"status" enum:"ok,warn,info" doc:"info: nothing can be read back"`
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
	Store    string     `json:"store" doc:"a store outside; internal: that in the backend; name: where a name leads; hooks: what programs set"`
	Name     string     `json:"name,omitempty" doc:"the name that is to lead to the primary, with the port"`
	Alias    string     `json:"alias" doc:"of the cluster"`
	Wanted   string     `json:"wanted" doc:"the primary that is to stand there"`
	Seen     []KVSight  `json:"seen" doc:"what stood there at the last look, in each place of the store"`
	Checked  *time.Time `json:"checked" doc:"the last look; null: there was none yet"`
	Changed  *time.Time `json:"changed" doc:"when this manager changed it last; null: not since its start"`
	State    string     `json:"state" enum:"in-order,unreadable,unseen,held,elsewhere,differs,newer,failing"`
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
		{method: http.MethodGet, path: "/publish/entries", name: "listPublished", topic: "service", summary: "What stands where clients look for the primary of each cluster, beside what is to stand there", local: true,
			doc: "Entries of key-value stores outside: as the answering manager has read them back, each about once a minute; a manager that does not publish knows none. " +
				"The store in the backend (internal): at this moment. Where the name of a cluster leads (name; DetectClusterDomainQuery): as the manager that leads has asked there, twice a minute. " +
				"What programs set (hooks) cannot be read back.",
			query:  paging(parameter{name: "state", doc: "only those in this state; bad: all that are not in order; readable: all that can be read back"}, parameter{name: "store", doc: "only of this store"}, parameter{name: "alias", doc: "only of this cluster"}),
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

func (a *API) publishing(q *request) (any, error) {
	c := a.Engine.Config()
	p := Publishing{Hooks: []HookList{}, KV: []string{}, Stores: a.stores()}
	all, err := a.allPublished(q.Context())
	if err != nil {
		return nil, err
	}
	p.Sentence, p.Status = publishedSummary(all)
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
var sick = []publish.State{publish.Failing, publish.Newer, publish.Elsewhere, publish.Differs, publish.Held}

func (a *API) publishedEntries(q *request) (any, error) {
	w, err := q.window()
	if err != nil {
		return nil, err
	}
	state, store, alias := q.text("state"), q.text("store"), q.text("alias")
	all, err := a.allPublished(q.Context())
	if err != nil {
		return nil, err
	}
	list := []PublishedEntry{}
	for _, e := range all {
		fits := state == "" || e.State == state || state == "bad" && e.bad() || state == "readable" && e.State != string(publish.Unreadable)
		if fits && (store == "" || e.Store == store) && (alias == "" || e.Alias == alias) {
			list = append(list, e)
		}
	}
	rank := func(e PublishedEntry) int { // what needs a look comes first, what cannot be read last
		switch n := slices.Index(sick, publish.State(e.State)); {
		case n >= 0:
			return n
		case e.State == string(publish.Unreadable):
			return len(sick) + 1
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

func (e *PublishedEntry) bad() bool { return slices.Contains(sick, publish.State(e.State)) }

// allPublished are all entries: those of the stores, where names lead, and what programs set.
func (a *API) allPublished(ctx context.Context) ([]PublishedEntry, error) {
	var listings []publish.Listing
	if a.Published != nil {
		listings = a.Published()
	}
	if a.Beside != nil {
		beside, err := a.Beside(ctx)
		if err != nil {
			return nil, err
		}
		listings = append(listings, beside...)
	}
	var all []PublishedEntry
	wanted := map[string]string{}
	for _, l := range listings {
		for n := range l.Entries {
			all = append(all, publishedEntry(l.Store, &l.Entries[n]))
			wanted[l.Entries[n].Alias] = l.Entries[n].Wanted
		}
	}
	programs := primaryPrograms(a.Engine.Config())
	for alias, primary := range wanted {
		if programs != "" {
			all = append(all, PublishedEntry{
				Store: "hooks", Alias: alias, Wanted: primary, Seen: []KVSight{}, State: string(publish.Unreadable),
				Sentence: "When its primary changes, " + programs + ". What programs set outside, such as a virtual address, a proxy or a name, cannot be read back from here.",
			})
		}
	}
	return all, nil
}

// primaryPrograms says which programs are run when a primary changes; "" when none are.
func primaryPrograms(c *config.Config) string {
	var lists []string
	count := 0
	for _, l := range operate.HookLists(c) {
		switch l.Name {
		case "PostFailoverProcesses", "PostMasterFailoverProcesses", "PostGracefulTakeoverProcesses", "PostTakeMasterProcesses":
			if len(l.Commands) > 0 {
				lists, count = append(lists, l.Name), count+len(l.Commands)
			}
		}
	}
	switch count {
	case 0:
		return ""
	case 1:
		return "one program is run (" + lists[0] + ")"
	}
	return fmt.Sprintf("%d programs are run (%s)", count, strings.Join(lists, ", "))
}

// publishedSummary says of all entries together whether they are right.
func publishedSummary(all []PublishedEntry) (sentence, status string) {
	bad, readable := 0, 0
	for n := range all {
		if all[n].bad() {
			bad++
		}
		if all[n].State != string(publish.Unreadable) {
			readable++
		}
	}
	switch {
	case len(all) == 0:
		return "Nothing was published yet.", "info"
	case readable == 0:
		return "Nothing of what is said can be read back.", "info"
	case bad == 1:
		return fmt.Sprintf("1 of %s is not as it should be.", entries(readable)), "warn"
	case bad > 1:
		return fmt.Sprintf("%d of %s are not as they should be.", bad, entries(readable)), "warn"
	case readable == 1:
		return "The entry says what it should.", "ok"
	}
	return fmt.Sprintf("All %s say what they should.", entries(readable)), "ok"
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", n)
}

func publishedEntry(store string, e *publish.Entry) PublishedEntry {
	out := PublishedEntry{
		Store: store, Name: e.Name, Alias: e.Alias, Wanted: e.Wanted, Seen: []KVSight{}, Checked: when(e.Checked), Changed: when(e.Changed), State: string(e.State), Since: when(e.Since),
		Sentence: publishedSentence(store, e),
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
func publishedSentence(store string, e *publish.Entry) string {
	if store == publish.NamesStore {
		return nameSentence(e)
	}
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
	case publish.Elsewhere:
		return says + ", and is to say " + e.Wanted + ": somebody has changed it in the backend. Publishing again puts it right."
	case publish.Failing:
		return "It is to say " + e.Wanted + ", and cannot be read or written: " + e.Problem + "." + said
	case publish.Held:
		return says + ", and the primary is " + e.Wanted + ". It is left as it is: " + strings.TrimPrefix(e.Problem, "not published: ")
	}
	return says + ", and is to say " + e.Wanted + ": " + e.Problem
}

// nameSentence says where a name leads.
func nameSentence(e *publish.Entry) string {
	switch e.State {
	case publish.AsWanted:
		return "Who asks at " + e.Name + " is answered by " + e.Wanted + ", as it should be."
	case publish.Elsewhere:
		return "Who asks at " + e.Name + " is answered by " + saidBy(e.Sights) + ", and the primary is " + e.Wanted + ". The name is moved by others: by a program that is run, in DNS, or by a proxy."
	}
	return "Where " + e.Name + " leads cannot be told: " + e.Problem + "."
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
