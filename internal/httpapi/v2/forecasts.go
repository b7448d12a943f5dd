package v2

import (
	"cmp"
	"context"
	"maps"
	"reflect"
	"sync"
	"time"
)

// forecasts works out, in the background, what would happen if the primary of each cluster died now, one after the
// other: those first that somebody looks at and that have changed. The others follow slowly, for their history, on the
// node that leads.
type forecasts struct {
	api  *API
	wake chan struct{} // holds one token when there is something to do

	mu    sync.Mutex
	know  map[string]*forecasted
	epoch int // grows with what may change all of them at once
}

type forecasted struct {
	wanted   string    // the revision of the cluster that is wanted
	asked    time.Time // zero: by nobody
	revision string    // that the forecast is of
	epoch    int       // in which it was made
	made     time.Time
	short    *ForecastShort
}

const (
	forecastAge  = 15 * time.Second // how old one may be while nothing has changed: periods end, lag grows
	forecastRest = 5 * time.Minute  // for how long one is kept up that nobody asks for
	forecastSlow = time.Minute      // how old one may be that nobody asks for
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
	f.rouse()
}

// stale has all of them made anew: something was declared that no server shows.
func (f *forecasts) stale() {
	f.mu.Lock()
	f.epoch++
	f.mu.Unlock()
	f.rouse()
}

func (f *forecasts) rouse() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

func (f *forecasts) run(ctx context.Context) {
	if f.api.Forecast == nil {
		return
	}
	tick, round := time.NewTicker(time.Second), time.NewTicker(forecastSlow)
	defer tick.Stop()
	defer round.Stop()
	f.all(ctx)
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
		case <-round.C:
			f.all(ctx)
		}
	}
}

// all takes in every cluster where this node leads: only then is its forecast what would happen.
func (f *forecasts) all(ctx context.Context) {
	if !f.api.leads() {
		return
	}
	t, err := f.api.Engine.Picture.Topology(ctx)
	if err != nil {
		if ctx.Err() == nil {
			f.api.Logger.WarnContext(ctx, "forecasts cannot be made", "error", err)
		}
		return
	}
	there := map[string]bool{}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range t.Clusters() {
		there[c.Alias] = true
		if k := f.know[c.Name]; k == nil {
			f.know[c.Name] = &forecasted{wanted: revisionOf(c)}
		} else if k.asked.IsZero() {
			k.wanted = revisionOf(c)
		}
	}
	f.api.outlook.forget(f.api.Engine.Now().UTC(), func(alias string) bool { return there[alias] })
}

// next makes the forecast that is due most; it reports false when none is.
func (f *forecasts) next(ctx context.Context) bool {
	now := f.api.Engine.Now()
	var cluster string
	var due *forecasted
	f.mu.Lock()
	maps.DeleteFunc(f.know, func(_ string, k *forecasted) bool { return !k.asked.IsZero() && now.Sub(k.asked) > forecastRest })
	epoch := f.epoch
	changed := func(k *forecasted) bool { return !k.asked.IsZero() && (k.wanted != k.revision || k.epoch != epoch) }
	for name, k := range f.know {
		age := forecastAge
		if k.asked.IsZero() {
			age = forecastSlow
		}
		if !changed(k) && now.Sub(k.made) < age {
			continue
		}
		if due == nil || changed(k) && !changed(due) || changed(k) == changed(due) && k.made.Before(due.made) {
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
	another := !reflect.DeepEqual(due.short, short)
	due.revision, due.epoch, due.made, due.short = revision, epoch, now, short
	f.mu.Unlock()
	if short != nil && x.Supposed && f.api.leads() { // of a primary that has failed nothing is foretold any more
		f.api.outlook.note(now.UTC(), cmp.Or(x.Alias, cluster), *short)
	}
	if another && short != nil {
		topics := append(clusterTopics(x.Cluster, x.Alias), topicFleet, "forecast:"+cluster)
		f.api.hub.publish(kindPatch, Event{Topics: topics, Cluster: cluster, Alias: x.Alias, Forecast: short})
	}
	return true
}
