package httpapi

import (
	"time"

	"orchestrator/internal/operate"
)

// poolsOf are the members by pool.
func poolsOf(list []operate.PoolMember) map[string][]keyJSON {
	pools := make(map[string][]keyJSON)
	for _, m := range list {
		pools[m.Pool] = append(pools[m.Pool], keyOf(m.Key))
	}
	return pools
}

type keyValueJSON struct{ Key, Value string }

type positionJSON struct {
	Key         keyJSON
	Coordinates coordinatesJSON
}

func positionOf(p operate.PositionOn) positionJSON {
	return positionJSON{Key: keyOf(p.Key), Coordinates: coordinatesOf(p.Coordinates)}
}

type cachedNameJSON struct {
	Object     string
	Expiration int64 // nanoseconds of Unix time
}

func resolveCacheOf(c operate.ResolveCache) map[string]cachedNameJSON {
	names := make(map[string]cachedNameJSON, len(c))
	for host, n := range c {
		j := cachedNameJSON{Object: n.Name}
		if !n.Expires.IsZero() {
			j.Expiration = n.Expires.UnixNano()
		}
		names[host] = j
	}
	return names
}

type backendWriteJSON struct {
	Timestamp      time.Time
	WaitLatency    time.Duration
	ExecuteLatency time.Duration
	Err            *errorJSON
}

func backendWriteOf(w operate.BackendWrite) backendWriteJSON {
	j := backendWriteJSON{Timestamp: w.At, WaitLatency: w.Wait, ExecuteLatency: w.Took}
	if w.Err != nil {
		j.Err = &errorJSON{Message: w.Err.Error()}
	}
	return j
}

type writeFiguresJSON struct {
	Count                int
	MaxLatencySeconds    float64
	MeanLatencySeconds   float64
	MedianLatencySeconds float64
	P95LatencySeconds    float64
	MaxWaitSeconds       float64
	MeanWaitSeconds      float64
	MedianWaitSeconds    float64
	P95WaitSeconds       float64
}

func writeFiguresOf(f operate.WriteFigures) writeFiguresJSON {
	return writeFiguresJSON{
		Count:             f.Count,
		MaxLatencySeconds: f.Took.Max, MeanLatencySeconds: f.Took.Mean, MedianLatencySeconds: f.Took.Median, P95LatencySeconds: f.Took.P95,
		MaxWaitSeconds: f.Wait.Max, MeanWaitSeconds: f.Wait.Mean, MedianWaitSeconds: f.Wait.Median, P95WaitSeconds: f.Wait.P95,
	}
}

type bufferFlushJSON struct {
	Timestamp    time.Time
	Instances    int
	WaitLatency  time.Duration
	WriteLatency time.Duration
}

func bufferFlushOf(b operate.BufferFlush) bufferFlushJSON {
	return bufferFlushJSON{Timestamp: b.At, Instances: b.Instances, WaitLatency: b.Wait, WriteLatency: b.Took}
}

type flushFiguresJSON struct {
	InstanceWriteBufferSize           int
	InstanceFlushIntervalMilliseconds int64
	CountInstances                    int
	MaxInstances                      float64
	MeanInstances                     float64
	MedianInstances                   float64
	P95Instances                      float64
	MaxWaitSeconds                    float64
	MeanWaitSeconds                   float64
	MedianWaitSeconds                 float64
	P95WaitSeconds                    float64
	MaxWriteSeconds                   float64
	MeanWriteSeconds                  float64
	MedianWriteSeconds                float64
	P95WriteSeconds                   float64
}

func flushFiguresOf(f operate.FlushFigures) flushFiguresJSON {
	return flushFiguresJSON{
		InstanceWriteBufferSize: f.BufferSize, InstanceFlushIntervalMilliseconds: f.Interval.Milliseconds(), CountInstances: f.Count,
		MaxInstances: f.Instances.Max, MeanInstances: f.Instances.Mean, MedianInstances: f.Instances.Median, P95Instances: f.Instances.P95,
		MaxWaitSeconds: f.Wait.Max, MeanWaitSeconds: f.Wait.Mean, MedianWaitSeconds: f.Wait.Median, P95WaitSeconds: f.Wait.P95,
		MaxWriteSeconds: f.Took.Max, MeanWriteSeconds: f.Took.Mean, MedianWriteSeconds: f.Took.Median, P95WriteSeconds: f.Took.P95,
	}
}
