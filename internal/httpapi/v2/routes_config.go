package v2

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// ConfigView is the configuration in force.
type ConfigView struct {
	Files []string     `json:"files"`
	Keys  []ConfigItem `json:"keys"`
}

// ConfigItem is a key of the configuration.
type ConfigItem struct {
	Name    string          `json:"name"`
	Section string          `json:"section"`
	Value   json.RawMessage `json:"value" doc:"secrets are masked"`
	Default json.RawMessage `json:"default"`
	Given   bool            `json:"given" doc:"a file gives it"`
	Places  []ConfigPlace   `json:"places" doc:"where; the last one counts, but objects are merged"`
	Now     string          `json:"now,omitempty" doc:"what it does at this moment"`
	Secret  bool            `json:"secret"`
	Reload  string          `json:"reload" doc:"when a changed value counts: yes (at once), partly, restart"`
	Meaning string          `json:"meaning"`
}

// ConfigCheck is what the configuration will and will not do.
type ConfigCheck struct {
	Warnings   int         `json:"warnings"`
	Statements []Statement `json:"statements"`
}

// Statement is one sentence about the configuration.
type Statement struct {
	Group    string    `json:"group"`
	Severity string    `json:"severity" enum:"ok,note,warning"`
	Text     string    `json:"text"`
	Keys     []string  `json:"keys"`
	Example  string    `json:"example,omitempty" doc:"a line that would change it"`
	Where    []KeySpot `json:"where" doc:"where what it is about stands in the files; keys that no file gives stand nowhere"`
}

// KeySpot is where a key stands.
type KeySpot struct {
	Key   string `json:"key"`
	Known bool   `json:"known" doc:"it is a key that there is"`
	File  string `json:"file"`
	Line  int    `json:"line" doc:"0: not known"`
}

// ReloadRequest asks to read the configuration again.
type ReloadRequest struct {
	File string `json:"file,omitempty" doc:"a further file to read"`
}

// ConfigPlace is where a key is given.
type ConfigPlace struct {
	File      string   `json:"file"`
	Line      int      `json:"line" doc:"0: the file gave it before, and does not any more; its value holds until a restart"`
	Variables []string `json:"variables" doc:"of the environment, that its value names"`
}

// ConfigChanges are what reading the configuration again would change on this node.
type ConfigChanges struct {
	Changes  []ConfigChange `json:"changes"`
	Warnings []string       `json:"warnings" doc:"what reading it again warns of"`
	Refused  string         `json:"refused,omitempty" doc:"why it would be refused; the configuration before stays in force"`
	Node     string         `json:"node"`
}

// ConfigChange is a key that would have another value.
type ConfigChange struct {
	Name   string          `json:"name"`
	Before json.RawMessage `json:"before" doc:"secrets are masked"`
	After  json.RawMessage `json:"after"`
	Secret bool            `json:"secret"`
	Reload string          `json:"reload" doc:"when it counts: yes (at once), partly, restart"`
	Place  *ConfigPlace    `json:"place" doc:"where the new value stands"`
}

// ConfigDifferences are the keys that have other values on other nodes.
type ConfigDifferences struct {
	Nodes       []ConfigNode       `json:"nodes" doc:"this one first"`
	Differences []ConfigDifference `json:"differences"`
	Alike       int                `json:"alike" doc:"how many keys have the same value on all nodes that answered"`
	Unlike      []string           `json:"unlike" doc:"keys of which each node has a value of its own"`
	Uncompared  []string           `json:"uncompared" doc:"secrets that were not compared, because the nodes share no secret (RaftClusterSecret) or cannot be asked"`
	Sentence    string             `json:"sentence"`
	At          time.Time          `json:"at"`
}

// ConfigNode is a node that was asked for its configuration.
type ConfigNode struct {
	ID    string `json:"id" doc:"as in nodes"`
	Self  bool   `json:"self"`
	Error string `json:"error,omitempty"`
}

// ConfigDifference is a key whose value is not the same everywhere.
type ConfigDifference struct {
	Name   string        `json:"name"`
	Secret bool          `json:"secret" doc:"it differs; nodes do not tell secrets"`
	Values []ConfigValue `json:"values" doc:"each value with the nodes that have it; the most common first"`
}

// ConfigValue is a value and who has it.
type ConfigValue struct {
	Value json.RawMessage `json:"value" doc:"null for a secret"`
	Nodes []string        `json:"nodes"`
}

func (a *API) configRoutes() []route {
	return []route{
		{method: http.MethodGet, path: "/config", name: "getConfig", topic: "service", summary: "The configuration in force, secrets masked", local: true,
			answer: ConfigView{}, handle: a.config},
		{method: http.MethodGet, path: "/config/check", name: "checkConfig", topic: "service", summary: "What the configuration will and will not do", local: true,
			answer: ConfigCheck{}, handle: a.checkConfig},
		{method: http.MethodGet, path: "/config/changes", name: "getConfigChanges", topic: "service", summary: "What reading the configuration again would change on this node", local: true,
			doc: "The files are read, and nothing is put in force.", answer: ConfigChanges{}, handle: a.configChanges},
		{method: http.MethodGet, path: "/config/differences", name: "getConfigDifferences", topic: "service", summary: "Which keys have other values on other managers", local: true,
			doc: "The nodes of a raft group are asked. Secrets stay where they are: digests of them are compared, by a key that only the nodes of the group can make and that is another one each time. " +
				"Nodes that share a backend leave their configuration there without secrets, which are not compared.",
			answer: ConfigDifferences{}, handle: a.configDifferences},
		{method: http.MethodPost, path: "/config/reload", name: "reloadConfig", topic: "service", summary: "Read the configuration again", local: true, needs: operate.Admin,
			body: ReloadRequest{}, answer: Outcome{}, handle: runs("reload-configuration", body(func(_ *request, b ReloadRequest) map[operate.Param]string {
				return map[operate.Param]string{operate.ParamConfigFile: b.File}
			}))},
	}
}

func (a *API) config(q *request) (any, error) {
	c := a.Engine.Config()
	t, err := q.fleet()
	if err != nil {
		t = topology.New(nil, topology.Names{}) // the configuration can be read without the fleet
	}
	effects := effectsOf(c, t)
	values, err := c.Values()
	if err != nil {
		return nil, err
	}
	v := ConfigView{Files: append([]string{}, c.Files()...), Keys: []ConfigItem{}}
	for _, k := range config.Keys() {
		def, err := defaultOf(k)
		if err != nil {
			return nil, err
		}
		v.Keys = append(v.Keys, ConfigItem{
			Name: k.Name, Section: k.Section, Value: values[k.Name], Default: def, Given: c.Given(k.Name), Secret: k.Secret, Reload: k.Reload.String(), Meaning: k.Meaning,
			Places: mapped(c.Places(k.Name), placeOf), Now: effects[k.Name],
		})
	}
	return v, nil
}

// defaultOf is the default of a key; that of a secret is not told.
func defaultOf(k config.Key) (json.RawMessage, error) {
	if k.Secret {
		return json.RawMessage(`""`), nil
	}
	def, err := json.Marshal(k.Default)
	if err != nil {
		return nil, fmt.Errorf("write the default of %s: %w", k.Name, err)
	}
	return def, nil
}

func (a *API) checkConfig(*request) (any, error) {
	var warnings []config.Warning
	if a.Warnings != nil {
		warnings = a.Warnings()
	}
	out := ConfigCheck{Statements: []Statement{}}
	for _, s := range config.Check(a.Engine.Config(), warnings) {
		if s.Severity == config.Concern {
			out.Warnings++
		}
		out.Statements = append(out.Statements, Statement{string(s.Group), string(s.Severity), s.Text, append([]string{}, s.Keys...), s.Example, mapped(s.Where, spotOf)})
	}
	return out, nil
}

func spotOf(s config.Spot) KeySpot {
	_, known := config.Lookup(s.Key)
	return KeySpot{s.Key, known, s.File, s.Line}
}

func placeOf(p config.Place) ConfigPlace {
	return ConfigPlace{File: p.File, Line: p.Line, Variables: append([]string{}, p.Variables...)}
}

func (a *API) configChanges(q *request) (any, error) {
	if a.Engine.Settings == nil {
		return nil, notAvailable.say("this process does not read its configuration again")
	}
	out := ConfigChanges{Changes: []ConfigChange{}, Warnings: []string{}, Node: a.Engine.Node.Hostname}
	next, warnings, err := a.Engine.Settings.Preview(q.Context(), "")
	for _, w := range warnings {
		if w.Kind != config.NeedsRestart { // each change says that itself
			out.Warnings = append(out.Warnings, w.String())
		}
	}
	if err != nil {
		out.Refused = err.Error()
		return out, nil
	}
	changes, err := config.Changes(a.Engine.Config(), next)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		shown := ConfigChange{Name: c.Key.Name, Before: c.Before, After: c.After, Secret: c.Key.Secret, Reload: c.Key.Reload.String()}
		if places := next.Places(c.Key.Name); len(places) > 0 {
			last := placeOf(places[len(places)-1])
			shown.Place = &last
		}
		out.Changes = append(out.Changes, shown)
	}
	return out, nil
}

func (a *API) configDifferences(q *request) (any, error) {
	told, err := a.Engine.ConfigReports(q.Context())
	if err != nil {
		return nil, fmt.Errorf("ask the managers for their configuration: %w", err)
	}
	if is, err := a.standing(q.Context()); err == nil { // else they go by the names that they have told
		told = named(is.Nodes, told)
	}
	out := differencesOf(told)
	out.At = a.Engine.Now().UTC()
	if len(told) <= 1 {
		out.Sentence = a.nobodyToCompare()
	}
	return out, nil
}

// nobodyToCompare says why there is nothing to compare with.
func (a *API) nobodyToCompare() string {
	if l := a.Engine.Leadership; l != nil && l.Replicated() {
		return "No other manager is a member of the group."
	}
	return "There is nothing to compare: this manager is alone."
}

// differencesOf compares what the nodes told.
func differencesOf(told []operate.NodeReport) ConfigDifferences {
	out := ConfigDifferences{Nodes: []ConfigNode{}, Differences: []ConfigDifference{}, Unlike: []string{}, Uncompared: []string{}}
	var compared []operate.NodeReport
	for _, r := range told {
		n := ConfigNode{ID: r.Node, Self: r.Self}
		if r.Err != nil {
			n.Error = r.Err.Error()
		} else {
			compared = append(compared, r)
		}
		out.Nodes = append(out.Nodes, n)
	}
	for _, k := range config.Keys() {
		values := valuesOf(k, compared)
		switch {
		case k.OfOneNode():
			out.Unlike = append(out.Unlike, k.Name)
		case k.Secret && len(values) == 0:
			out.Uncompared = append(out.Uncompared, k.Name)
		case len(values) > 1:
			out.Differences = append(out.Differences, ConfigDifference{Name: k.Name, Secret: k.Secret, Values: values})
		default:
			out.Alike++
		}
	}
	switch n := len(out.Differences); {
	case len(compared) <= 1:
		out.Sentence = "No other manager has told of its configuration."
	case n == 0:
		out.Sentence = fmt.Sprintf("%d managers have the same configuration.", len(compared))
	case n == 1:
		out.Sentence = "One key is not the same on all managers."
	default:
		out.Sentence = fmt.Sprintf("%d keys are not the same on all managers.", n)
	}
	return out
}

// valuesOf are the values of a key with who has them, the most common first. Nodes of a version that does not know the key
// say nothing of it.
func valuesOf(k config.Key, told []operate.NodeReport) []ConfigValue {
	list := []ConfigValue{}
	texts := []string{}
	for _, r := range told {
		from := r.Config
		if k.Secret {
			from = r.Secrets
		}
		at := slices.IndexFunc(from, func(kv operate.KeyValue) bool { return kv.Key == k.Name })
		if at < 0 {
			continue
		}
		text := from[at].Value
		n := slices.Index(texts, text)
		if n < 0 {
			n, texts = len(texts), append(texts, text)
			value := json.RawMessage("null")
			if !k.Secret && json.Valid([]byte(text)) {
				value = json.RawMessage(text)
			}
			list = append(list, ConfigValue{Value: value, Nodes: []string{}})
		}
		list[n].Nodes = append(list[n].Nodes, r.Node)
	}
	slices.SortStableFunc(list, func(a, b ConfigValue) int { return len(b.Nodes) - len(a.Nodes) })
	return list
}
