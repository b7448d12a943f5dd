package publish

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// fakeConsul is Consul's key-value store and its transactions, as the documentation of its HTTP API has them: the index
// grows with each change, a transaction is done whole or not at all, and cas with index 0 only makes what is not there.
type fakeConsul struct {
	t       *testing.T
	centers []string // the first is that of the agent

	mu     sync.Mutex
	index  int64
	held   map[string]map[string]consulEntry // by data center
	txns   int
	token  string
	broken map[string]bool // data centers that do not answer
	before func()          // called before each transaction, without the lock
}

func newFakeConsul(t *testing.T, centers ...string) (*fakeConsul, *Consul) {
	t.Helper()
	f := &fakeConsul{t: t, centers: centers, index: 10, held: map[string]map[string]consulEntry{}, broken: map[string]bool{}}
	for _, c := range centers {
		f.held[c] = map[string]consulEntry{}
	}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return f, &Consul{Address: strings.TrimPrefix(s.URL, "http://"), Client: s.Client()}
}

func (f *fakeConsul) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut && r.URL.Path == "/v1/txn" && f.before != nil {
		f.before()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	center := r.URL.Query().Get("dc")
	if center == "" {
		center = f.centers[0]
	}
	held, ok := f.held[center]
	key, isKey := strings.CutPrefix(r.URL.Path, "/v1/kv/")
	switch {
	case r.Header.Get("X-Consul-Token") != f.token:
		http.Error(w, "Permission denied", http.StatusForbidden)
	case !ok || f.broken[center]:
		http.Error(w, "No path to datacenter", http.StatusInternalServerError)
	case r.Method == http.MethodGet && r.URL.Path == "/v1/catalog/datacenters":
		f.answer(w, http.StatusOK, f.centers)
	case r.Method == http.MethodGet && isKey && r.URL.Query().Has("recurse"):
		var list []consulEntry
		for k, e := range held {
			if strings.HasPrefix(k, key) {
				list = append(list, e)
			}
		}
		if list == nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		f.answer(w, http.StatusOK, list)
	case r.Method == http.MethodPut && r.URL.Path == "/v1/txn":
		f.txn(w, r, held)
	default:
		f.t.Errorf("a request that Consul does not know, or that is not expected: %s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusNotFound)
	}
}

type consulRefusal struct {
	OpIndex int
	What    string
}

func (f *fakeConsul) txn(w http.ResponseWriter, r *http.Request, held map[string]consulEntry) {
	text, err := io.ReadAll(r.Body)
	var operations []consulOperation
	if err == nil {
		err = json.Unmarshal(text, &operations)
	}
	if err != nil || len(operations) > 64 {
		http.Error(w, "bad transaction", http.StatusRequestEntityTooLarge)
		return
	}
	f.txns++
	next := map[string]consulEntry{}
	for k, e := range held {
		next[k] = e
	}
	f.index++
	var refused []consulRefusal
	for n, o := range operations {
		e, there := next[o.KV.Key]
		switch o.KV.Verb {
		case "cas":
			if o.KV.Index == 0 && there || o.KV.Index != 0 && e.ModifyIndex != o.KV.Index {
				refused = append(refused, consulRefusal{n, "failed to set key \"" + o.KV.Key + "\", index is stale"})
				continue
			}
			next[o.KV.Key] = consulEntry{o.KV.Key, o.KV.Value, f.index}
		case "set":
			next[o.KV.Key] = consulEntry{o.KV.Key, o.KV.Value, f.index}
		case "delete":
			delete(next, o.KV.Key)
		default:
			refused = append(refused, consulRefusal{n, "unknown KV verb \"" + o.KV.Verb + "\""})
		}
	}
	if len(refused) > 0 {
		f.answer(w, http.StatusConflict, map[string]any{"Results": nil, "Errors": refused})
		return
	}
	clear(held)
	for k, e := range next {
		held[k] = e
	}
	f.answer(w, http.StatusOK, map[string]any{"Results": []any{}, "Errors": nil})
}

func (f *fakeConsul) answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		f.t.Errorf("answer: %v", err)
	}
}
