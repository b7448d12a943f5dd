package httpapi

import (
	"encoding/json"
	"fmt"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/failover"
	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
	"orchestrator/internal/topology"
)

// Shaper gives the values of operations the shape that they have in the HTTP API. The command line uses it for its
// --json output.
type Shaper struct {
	Config func() *config.Config
	Now    func() time.Time
}

// JSON is the value in its shape, as JSON on one line.
func (s Shaper) JSON(value any) ([]byte, error) {
	shaped, err := s.Shape(value)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(shaped)
	if err != nil {
		return nil, fmt.Errorf("write %T as JSON: %w", value, err)
	}
	return text, nil
}

// Shape returns what encodes as the API's JSON. The error means that the type of the value is not known, which is a
// defect of the program.
func (s Shaper) Shape(value any) (any, error) {
	switch v := value.(type) {
	case nil, string, int64:
		return v, nil
	case []string:
		return notNil(v), nil
	case topology.Key:
		return keyOf(v), nil
	case []topology.Key:
		return keysOf(v), nil
	case operate.Instance:
		return s.instance(v.Of, v.Instance), nil
	case operate.Instances:
		return mapped(v.List, func(i *topology.Instance) instanceJSON { return s.instance(v.Of, i) }), nil
	case operate.Placed:
		return s.Shape(v.Instance)
	case operate.Located:
		return v.Text, nil
	case operate.PlacedAll:
		return s.Shape(v.Instances)
	case operate.Regrouped:
		return keyOf(v.Key), nil
	case operate.Drawing:
		return string(v), nil
	case operate.Settled:
		return json.RawMessage(v), nil
	case operate.Cluster:
		return clusterOf(v), nil
	case []operate.Cluster:
		return mapped(v, clusterOf), nil
	case operate.Findings:
		return mapped(v, analysisOf), nil
	case operate.Imported:
		return struct {
			From string
			Rows map[string]int
		}{v.From, v.Rows}, nil
	case operate.Alive:
		return "OK", nil
	case operate.Quiet:
		return s.Shape(v.Value)
	case operate.Told:
		return nil, nil
	}
	return s.shapeRecord(value)
}

// shapeRecord is Shape for what people declared and what was recorded and measured.
func (s Shaper) shapeRecord(value any) (any, error) {
	switch v := value.(type) {
	case operate.TagList:
		return mapped(v, topology.Tag.String), nil
	case operate.Maintained:
		return maintainedOf(v), nil
	case []topology.Maintenance:
		return mapped(v, s.maintenance), nil
	case operate.Acknowledged:
		return s.Shape(v.Of)
	case operate.Recoveries:
		return switchWord(v), nil
	case operate.Filters:
		return filtersOf(v), nil
	case operate.Takeover:
		return recoveryOf(v.Recovery), nil
	case operate.Plan:
		return planJSON{plan.Plan(v), v.String()}, nil
	case operate.Explanation:
		return explanationJSON{failover.Explanation(v), v.String()}, nil
	case []operate.Recovery:
		return mapped(v, recoveryOf), nil
	case []operate.RecoveryStep:
		return mapped(v, stepOf), nil
	case []operate.Blocked:
		return mapped(v, blockedOf), nil
	case []operate.ExtraTransactions:
		return mapped(v, extraOf), nil
	case []operate.ClusterSwitch:
		return mapped(v, clusterSwitchOf), nil
	case []operate.RunningRecovery:
		return mapped(v, runningOf), nil
	case []operate.AuditEntry:
		return mapped(v, auditOf), nil
	case []operate.AnalysisHistory:
		return mapped(v, historyOf), nil
	case []operate.Candidate:
		return mapped(v, candidateOf), nil
	case operate.RaftStatus:
		return raftStatusOf(v), nil
	case operate.Health:
		return s.health(v), nil
	case []operate.DiscoveryMetric:
		return mapped(v, discoveryMetricOf), nil
	case operate.DiscoveryFigures:
		return discoveryFiguresOf(v), nil
	case []operate.QueueSample:
		return mapped(v, func(q operate.QueueSample) queueSampleJSON { return queueSampleJSON(q) }), nil
	case operate.QueueFigures:
		return queueFiguresOf(v), nil
	}
	return shapeOfBackend(value)
}

// shapeOfBackend is Shape for what the backend keeps and how it works.
func shapeOfBackend(value any) (any, error) {
	switch v := value.(type) {
	case []operate.PoolMember:
		return poolsOf(v), nil
	case []operate.KeyValue:
		return mapped(v, func(p operate.KeyValue) keyValueJSON { return keyValueJSON(p) }), nil
	case []operate.PositionOn:
		return mapped(v, positionOf), nil
	case operate.ResolveCache:
		return resolveCacheOf(v), nil
	case []operate.BackendWrite:
		return mapped(v, backendWriteOf), nil
	case operate.WriteFigures:
		return writeFiguresOf(v), nil
	case []operate.BufferFlush:
		return mapped(v, bufferFlushOf), nil
	case operate.FlushFigures:
		return flushFiguresOf(v), nil
	}
	return nil, fmt.Errorf("no JSON shape is known for %T", value)
}

// mapped is never nil, so that an empty list is [].
func mapped[T, U any](list []T, shape func(T) U) []U {
	out := make([]U, len(list))
	for i, v := range list {
		out[i] = shape(v)
	}
	return out
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

type keyJSON struct {
	Hostname string
	Port     int
}

func keyOf(k topology.Key) keyJSON { return keyJSON(k) }

func keysOf(keys []topology.Key) []keyJSON { return mapped(keys, keyOf) }

type coordinatesJSON struct {
	LogFile string
	LogPos  int64
	Type    int
}

func coordinatesOf(c topology.Coordinates) coordinatesJSON {
	return coordinatesJSON{LogFile: c.LogFile, LogPos: c.LogPos, Type: int(c.Type)}
}

type nullInt64 struct {
	Int64 int64
	Valid bool
}

func nullSeconds(s topology.Seconds) nullInt64 { return nullInt64{Int64: s.N, Valid: s.Known} }

type nullBool struct {
	Bool  bool
	Valid bool
}

func nullBoolOf(b *bool) nullBool {
	if b == nil {
		return nullBool{}
	}
	return nullBool{Bool: *b, Valid: true}
}

// stamp is a time as the backend has it; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateTime)
}
