package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// keyed is an instance, of which only what the client prints is read, or a key alone.
type keyed struct {
	Key       *topology.Key
	MasterKey topology.Key
	Hostname  string
	Port      int

	DataCenter                string
	SQLRunning                bool                 `json:"Slave_SQL_Running"`
	IORunning                 bool                 `json:"Slave_IO_Running"`
	SQLState                  topology.ThreadState `json:"ReplicationSQLThreadState"`
	IOState                   topology.ThreadState `json:"ReplicationIOThreadState"`
	LastSQLError, LastIOError string
}

func (k *keyed) key() topology.Key {
	if k.Key != nil {
		return *k.Key
	}
	return topology.Key{Hostname: k.Hostname, Port: k.Port}
}

// linesOf is an answer as lines of text.
func linesOf(name string, form operate.Client, body json.RawMessage) ([]string, error) {
	switch form.Print {
	case operate.PrintNothing:
		return nil, nil
	case operate.PrintKey:
		one, err := decoded[keyed](body)
		return []string{one.key().String()}, err
	case operate.PrintKeys:
		return keyLines(body, func(*keyed) bool { return true })
	case operate.PrintText:
		return textLines(body)
	case operate.PrintOutcome:
		return outcomeLines(body)
	case operate.PrintField:
		object, err := decoded[map[string]any](body)
		return []string{fmt.Sprint(object[form.Field])}, err
	}
	special, ok := specials()[name]
	if !ok {
		return nil, fmt.Errorf("no way of printing is known")
	}
	return special(body)
}

func decoded[T any](body json.RawMessage) (T, error) {
	var v T
	if err := json.Unmarshal(body, &v); err != nil {
		return v, err
	}
	return v, nil
}

func keyLines(body json.RawMessage, wanted func(*keyed) bool) ([]string, error) {
	list, err := decoded[[]keyed](body)
	var lines []string
	for i := range list {
		if wanted(&list[i]) {
			lines = append(lines, list[i].key().String())
		}
	}
	return lines, err
}

func textLines(body json.RawMessage) ([]string, error) {
	if list, err := decoded[[]string](body); err == nil {
		return list, nil
	}
	text, err := decoded[string](body)
	return []string{text}, err
}

// outcomeLines are a plan in words, a number, or a key.
func outcomeLines(body json.RawMessage) ([]string, error) {
	if n, err := decoded[json.Number](body); err == nil {
		return []string{n.String()}, nil
	}
	a, err := decoded[answered](body)
	if err == nil && a.Text != "" {
		return strings.Split(strings.TrimRight(a.Text, "\n"), "\n"), nil
	}
	one, err := decoded[keyed](body)
	return []string{one.key().String()}, err
}

// specials are the commands that print a summary of the answer.
func specials() map[string]func(json.RawMessage) ([]string, error) {
	return map[string]func(json.RawMessage) ([]string, error){
		"clusters-alias": clusterAliases,
		"dominant-dc":    dominantCentre,
		"explain":        wordsOr(nil),
		"recover":        wordsOr(promotedKey),
		"recover-lite":   wordsOr(promotedKey),

		"force-master-failover":         wordsOr(successorKey),
		"force-master-takeover":         wordsOr(successorKey),
		"graceful-master-takeover":      wordsOr(successorKey),
		"graceful-master-takeover-auto": wordsOr(successorKey),
		"cascade-master-takeover-auto":  wordsOr(successorKey),

		"relocate":           wordsOrPair,
		"move-up":            wordsOrPair,
		"move-equivalent":    wordsOrPair,
		"match":              wordsOrPair,
		"match-up":           wordsOrPair,
		"move-below":         wordsOrPair,
		"repoint":            wordsOrPair,
		"take-siblings":      wordsOrPair,
		"take-master":        wordsOrPair,
		"make-co-master":     wordsOrPair,
		"move-gtid":          wordsOrPair,
		"relocate-replicas":  wordsOrKeys,
		"move-up-replicas":   wordsOrKeys,
		"repoint-replicas":   wordsOrKeys,
		"move-replicas-gtid": wordsOrKeys,
		"match-up-replicas":  wordsOrKeys,

		"extra-transactions":         extraFiles,
		"restart-replica-statements": func(body json.RawMessage) ([]string, error) { return []string{string(body)}, nil },
		"replication-analysis":       analysisLines,
		"async-discover":             func(json.RawMessage) ([]string, error) { return []string{":null"}, nil }, // what scripts know
		"which-master": func(body json.RawMessage) ([]string, error) {
			one, err := decoded[keyed](body)
			return []string{one.MasterKey.String()}, err
		},
		"which-broken-replicas": func(body json.RawMessage) ([]string, error) {
			return keyLines(body, func(k *keyed) bool {
				return !(k.SQLRunning && k.IORunning) && k.LastSQLError+k.LastIOError != ""
			})
		},
		"is-replicating": func(body json.RawMessage) ([]string, error) {
			return inState(body, topology.ThreadRunning)
		},
		"is-replication-stopped": func(body json.RawMessage) ([]string, error) {
			return inState(body, topology.ThreadStopped)
		},
		"submit-masters-to-kv-stores": keyValues,
		"which-cluster-osc-running-replicas": func(body json.RawMessage) ([]string, error) {
			return keyLines(body, func(k *keyed) bool { return k.SQLRunning && k.IORunning })
		},
	}
}

// inState is the instance if both its replication threads are in a state, or nothing.
func inState(body json.RawMessage, s topology.ThreadState) ([]string, error) {
	one, err := decoded[keyed](body)
	if err != nil || one.SQLState != s || one.IOState != s {
		return nil, err
	}
	return []string{one.key().String()}, nil
}

func keyValues(body json.RawMessage) ([]string, error) {
	list, err := decoded[[]struct{ Key, Value string }](body)
	var lines []string
	for _, p := range list {
		lines = append(lines, p.Key+":"+p.Value)
	}
	return lines, err
}

// extraFiles are the files, each with the machine that it is on.
func extraFiles(body json.RawMessage) ([]string, error) {
	list, err := decoded[[]struct{ Node, File string }](body)
	var lines []string
	for _, f := range list {
		lines = append(lines, f.Node+":"+f.File)
	}
	return lines, err
}

func clusterAliases(body json.RawMessage) ([]string, error) {
	list, err := decoded[[]struct{ ClusterName, ClusterAlias string }](body)
	var lines []string
	for _, c := range list {
		lines = append(lines, c.ClusterName+","+c.ClusterAlias)
	}
	return lines, err
}

// dominantCentre is the data centre of most; of several with as many, the last by name.
func dominantCentre(body json.RawMessage) ([]string, error) {
	list, err := decoded[[]keyed](body)
	count := map[string]int{}
	for i := range list {
		count[list[i].DataCenter]++
	}
	var names []string
	for name := range count {
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, err
	}
	return []string{slices.MaxFunc(names, func(a, b string) int {
		if n := count[a] - count[b]; n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})}, err
}

func analysisLines(body json.RawMessage) ([]string, error) {
	list, err := decoded[[]struct {
		AnalyzedInstanceKey topology.Key
		ClusterDetails      struct{ ClusterName string }
		Analysis            string
		StructureAnalysis   []string
	}](body)
	var lines []string
	for _, f := range list {
		code := f.Analysis
		if code == "NoProblem" && len(f.StructureAnalysis) > 0 {
			code = f.StructureAnalysis[0]
		}
		lines = append(lines, fmt.Sprintf("%s (cluster %s): %s", f.AnalyzedInstanceKey, f.ClusterDetails.ClusterName, code))
	}
	return lines, err
}

// answered is the answer of a recovery or takeover: the key of the promoted instance, a record that names it, or words.
type answered struct {
	topology.Key
	SuccessorKey topology.Key
	Text         string
}

func promotedKey(a answered) topology.Key  { return a.Key }
func successorKey(a answered) topology.Key { return a.SuccessorKey }

// wordsOr prints a plan or a forecast in words, and of other answers a key.
func wordsOr(key func(answered) topology.Key) func(json.RawMessage) ([]string, error) {
	return func(body json.RawMessage) ([]string, error) {
		a, err := decoded[answered](body)
		if a.Text != "" || key == nil {
			return strings.Split(strings.TrimRight(a.Text, "\n"), "\n"), err
		}
		return []string{key(a).String()}, err
	}
}

// wordsOrPair prints a plan in words, and of an instance the key and that of its source.
func wordsOrPair(body json.RawMessage) ([]string, error) {
	if a, err := decoded[answered](body); err == nil && a.Text != "" {
		return strings.Split(strings.TrimRight(a.Text, "\n"), "\n"), nil
	}
	one, err := decoded[keyed](body)
	return []string{one.key().String() + "<" + one.MasterKey.String()}, err
}

// wordsOrKeys prints a plan in words, and of instances the keys.
func wordsOrKeys(body json.RawMessage) ([]string, error) {
	if a, err := decoded[answered](body); err == nil && a.Text != "" {
		return strings.Split(strings.TrimRight(a.Text, "\n"), "\n"), nil
	}
	return keyLines(body, func(*keyed) bool { return true })
}
