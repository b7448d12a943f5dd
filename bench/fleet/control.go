package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// Control gives the fleet's control interface over HTTP. All answers are JSON.
//
//	GET  /seeds                  one host:port for each cluster
//	GET  /stats                  what has happened since the start or the last reset
//	POST /stats/reset            begin to count anew
//	GET  /servers                every server, as the fleet itself sees it
//	POST /kill?n=10              kill ten primaries that are alive, spread over the fleet: their keys
//	POST /kill?server=HOST:PORT  kill this one
//	POST /freeze                 likewise
//	POST /revive                 all that are dead or frozen, or with server= that one: their keys
func (f *Fleet) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /seeds", func(w http.ResponseWriter, _ *http.Request) { reply(w, keyTexts(f.Seeds()), nil) })
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { reply(w, f.statsReply(), nil) })
	mux.HandleFunc("POST /stats/reset", func(w http.ResponseWriter, _ *http.Request) {
		f.ResetStats()
		reply(w, "reset", nil)
	})
	mux.HandleFunc("GET /servers", func(w http.ResponseWriter, _ *http.Request) {
		list := make([]ServerState, 0, f.Len())
		for i := range f.Len() {
			list = append(list, f.State(i))
		}
		reply(w, list, nil)
	})
	mux.HandleFunc("POST /kill", f.toSome(f.Kill, f.LivingPrimaries))
	mux.HandleFunc("POST /freeze", f.toSome(f.Freeze, f.LivingPrimaries))
	mux.HandleFunc("POST /revive", f.toSome(f.Revive, f.fallen))
	return mux
}

// toSome does something to the server that a request names, or to those that choose gives for its number n.
func (f *Fleet) toSome(do func(i int) error, choose func(n int) []int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		chosen, err := f.asked(r, choose)
		var done []topology.Key
		for _, i := range chosen {
			if err = do(i); err != nil {
				break
			}
			done = append(done, f.Key(i))
		}
		reply(w, keyTexts(done), err)
	}
}

func (f *Fleet) asked(r *http.Request, choose func(n int) []int) ([]int, error) {
	query := r.URL.Query()
	if name := query.Get("server"); name != "" {
		key, err := topology.ParseKey(name, 3306)
		if err != nil {
			return nil, err
		}
		i, ok := f.Index(key)
		if !ok {
			return nil, fmt.Errorf("%s is no server of this fleet", key)
		}
		return []int{i}, nil
	}
	n := 1
	if text := query.Get("n"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 {
			return nil, errors.New("n must be a positive number")
		}
	}
	return choose(n), nil
}

// LivingPrimaries chooses up to n of the servers that were laid out as primaries and are neither dead nor frozen,
// spread over the fleet.
func (f *Fleet) LivingPrimaries(n int) []int {
	var living []int
	for _, i := range f.Primaries() {
		if f.Alive(i) {
			living = append(living, i)
		}
	}
	if n >= len(living) {
		return living
	}
	some := make([]int, 0, n)
	for k := range n {
		some = append(some, living[k*len(living)/n])
	}
	return some
}

// fallen gives all servers that are dead or frozen.
func (f *Fleet) fallen(int) []int {
	var list []int
	for i := range f.Len() {
		if !f.Alive(i) {
			list = append(list, i)
		}
	}
	return list
}

// distribution is a distribution of times as the control interface shows it, in seconds and shares.
type distribution struct {
	Count    int64
	Median   float64
	P99      float64
	Max      float64 // 60 stands for all that is longer
	Within5s float64
}

func (h *Intervals) distribution() distribution {
	return distribution{
		Count: h.Count(), Median: h.Quantile(0.5).Seconds(), P99: h.Quantile(0.99).Seconds(), Max: h.Quantile(1).Seconds(),
		Within5s: h.Within(5 * time.Second),
	}
}

// statsReply is Stats as the control interface shows them.
type statsReply struct {
	Servers, Alive, Asked int
	Queries, Probes       int64
	Connections           int64
	MostPerServer         int64
	PerServer             float64
	Intervals             distribution
	SinceLastProbe        distribution
	Unknown               []string
}

func (f *Fleet) statsReply() statsReply {
	s := f.Stats()
	return statsReply{
		Servers: s.Servers, Alive: s.Alive, Asked: s.Asked, Queries: s.Queries, Probes: s.Probes,
		Connections: s.Connections, MostPerServer: s.MostPerServer, PerServer: s.PerServer,
		Intervals: s.Intervals.distribution(), SinceLastProbe: s.SinceLastProbe.distribution(), Unknown: s.Unknown,
	}
}

func keyTexts(keys []topology.Key) []string {
	list := make([]string, 0, len(keys))
	for _, k := range keys {
		list = append(list, k.String())
	}
	return list
}

// reply sends an answer or an error.
func reply(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		v = map[string]string{"error": strings.TrimSpace(err.Error())}
	}
	// A client that has gone away does not want the answer.
	_ = json.NewEncoder(w).Encode(v)
}
