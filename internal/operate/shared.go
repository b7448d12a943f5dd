package operate

import (
	"sync"
	"sync/atomic"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// Shared stands beside a value that several callers are given. There a face keeps what it makes of the value, such as the
// text in which it is sent; it lives as long as the value does.
type Shared struct {
	mu   sync.Mutex
	made map[any]any
}

// Once returns what produce makes, which is called the first time that something is asked for under the key; others wait. What
// fails is tried again by the next.
func (s *Shared) Once(key any, produce func() (any, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, ok := s.made[key]; ok {
		return v, nil
	}
	v, err := produce()
	if err != nil {
		return nil, err
	}
	if s.made == nil {
		s.made = map[any]any{}
	}
	s.made[key] = v
	return v, nil
}

// judgedFor is how long a judgement of the fleet is that of this moment. The figures of a live picture may be as old.
const judgedFor = 100 * time.Millisecond

// lookout remembers what was made of the last picture of the whole fleet, for all who ask about the same one. Its zero value
// is ready.
type lookout struct{ last atomic.Pointer[sight] }

// sight is what was made of one picture. Pictures and configurations never change: others take their place.
type sight struct {
	fleet  *topology.Topology
	config *config.Config

	clusters func() sharedList[[]Cluster]

	mu     sync.Mutex
	judged map[bool]judgement // by whether additional codes alone are a finding
}

// sharedList is a list that several callers are given, who must not change it.
type sharedList[T any] struct {
	list   T
	shared *Shared
}

type judgement struct {
	at time.Time
	sharedList[[]analysis.Finding]
}

// sight is what was made of a picture of the fleet.
func (e *Engine) sight(t *topology.Topology) *sight {
	c := e.Config()
	if s := e.lookout.last.Load(); s != nil && s.fleet == t && s.config == c {
		return s
	}
	s := &sight{fleet: t, config: c, judged: map[bool]judgement{}}
	s.clusters = sync.OnceValue(func() sharedList[[]Cluster] {
		list := []Cluster{}
		for _, c := range t.Clusters() {
			list = append(list, e.summary(c))
		}
		return sharedList[[]Cluster]{list, new(Shared)}
	})
	e.lookout.last.Store(s)
	return s
}

// findings are what is wrong in the picture at this moment.
func (s *sight) findings(p analysis.Policy, now func() time.Time) sharedList[[]analysis.Finding] {
	s.mu.Lock()
	defer s.mu.Unlock()
	j, known := s.judged[p.IncludeAdditional]
	if age := now().Sub(j.at); !known || age < 0 || age >= judgedFor {
		j.at = now()
		j.sharedList = sharedList[[]analysis.Finding]{notNil(analysis.Analyze(s.fleet, p, j.at)), new(Shared)}
		s.judged[p.IncludeAdditional] = j
	}
	return j.sharedList
}

// FleetFindings are the Findings of the whole fleet, the same list for all who ask within a moment. It must not be changed.
func (e *Engine) FleetFindings(t *topology.Topology) []analysis.Finding {
	p := e.policy()
	p.IncludeAdditional = true
	return e.sight(t).findings(p, e.Now).list
}
