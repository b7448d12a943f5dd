package v2

import (
	"context"
	"maps"
	"reflect"
	"sync"
	"time"
)

// forecasts works out, in the background, what would happen if the primary of each cluster died now, for lists of
// clusters: one after the other, those first that have changed.
type forecasts struct {
	api  *API
	wake chan struct{} // holds one token when there is something to do

	mu   sync.Mutex
	know map[string]*forecasted
}

type forecasted struct {
	wanted   string // the revision of the cluster that is wanted
	asked    time.Time
	revision string // that the forecast is of
	made     time.Time
	short    *ForecastShort
}

const (
	forecastAge  = 15 * time.Second // how old one may be while nothing has changed: periods end, lag grows
	forecastRest = 5 * time.Minute  // for how long one is kept up that nobody asks for
)

func newForecasts(a *API) *forecasts {
	return &forecasts{api: a, wake: make(chan struct{}, 1), know: make(map[string]*forecasted)}
}

// get is what is known, nil when nothing is.
func (f *forecasts) get(cluster string) *ForecastShort {
	f.mu.Lock()
	defer f.mu.Unlock()
	if k := f.know[cluster]; k != nil {
		return k.short
	}
	return nil
}

// want says of which clusters a forecast is looked at.
func (f *forecasts) want(rows []ClusterRow) {
	if f.api.Forecast == nil {
		return
	}
	now := f.api.Engine.Now()
	f.mu.Lock()
	for n := range rows {
		k := f.know[rows[n].Name]
		if k == nil {
			k = &forecasted{}
			f.know[rows[n].Name] = k
		}
		k.wanted, k.asked = rows[n].Revision, now
	}
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *forecasts) run(ctx context.Context) {
	if f.api.Forecast == nil {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		for f.next(ctx) {
			if ctx.Err() != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-tick.C:
		}
	}
}

// next makes the forecast that is due most; it reports false when none is.
func (f *forecasts) next(ctx context.Context) bool {
	now := f.api.Engine.Now()
	var cluster string
	var due *forecasted
	f.mu.Lock()
	maps.DeleteFunc(f.know, func(_ string, k *forecasted) bool { return now.Sub(k.asked) > forecastRest })
	for name, k := range f.know {
		changed := k.wanted != k.revision
		if !changed && now.Sub(k.made) < forecastAge {
			continue
		}
		if due == nil || changed && due.wanted == due.revision || changed == (due.wanted != due.revision) && k.made.Before(due.made) {
			cluster, due = name, k
		}
	}
	var revision string
	if due != nil {
		revision = due.wanted
	}
	f.mu.Unlock()
	if due == nil {
		return false
	}
	x, err := f.api.Forecast(ctx, cluster, "")
	if ctx.Err() != nil {
		return false
	}
	var short *ForecastShort
	if err == nil {
		short = shortForecast(&x)
	}
	f.mu.Lock()
	changed := !reflect.DeepEqual(due.short, short)
	due.revision, due.made, due.short = revision, now, short
	f.mu.Unlock()
	if changed && short != nil {
		topics := append(clusterTopics(x.Cluster, x.Alias), topicFleet, "forecast:"+cluster)
		f.api.hub.publish(kindPatch, Event{Topics: topics, Cluster: cluster, Alias: x.Alias, Forecast: short})
	}
	return true
}
