package v2

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/plan"
	"orchestrator/internal/recovery"
	"orchestrator/internal/topology"
)

func (a *API) eventRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/events", name: "getEvents", topic: "events", summary: "Everything that happens, as server-sent events", local: true, needs: operate.Viewer,
		doc: "The events are hello (first), patch, step, plan, notice, audit, writes, reset (something was missed: read again), and ping every five seconds. Their data is JSON: Hello, Ping and Reset for these, Event for the others. " +
			"The id of the last event resumes the stream (header Last-Event-ID, or the query after). A client that does not keep up is disconnected, and resumes. " +
			"Topics: fleet (rows of clusters), cluster:NAME (or alias), recovery:UID, plan:ID, operation:ID (see the header " + OperationHeader + "), forecast:NAME, audit, nodes (the managers, when one comes, goes or begins to lead), nodes:figures (the same, and every five seconds with what was measured; only for who asks for it by name), game-days (writes, during a game day, from the manager that leads); a star stands for all of a kind, as in recovery:*.",
		query:  []parameter{{name: "topics", doc: "a comma separated list; everything when not given"}, {name: "after", doc: "the id of the last event, as Last-Event-ID"}},
		answer: Event{}, stream: a.events,
	}}
}

// events streams to one client, until it goes, does not keep up, or the service ends.
func (a *API) events(w http.ResponseWriter, q *request) {
	var topics []string
	for t := range strings.SplitSeq(q.text("topics"), ",") {
		if t = strings.TrimSpace(t); t != "" {
			topics = append(topics, t)
		}
	}
	after := q.Header.Get("Last-Event-ID")
	if after == "" {
		after = q.text("after")
	}
	l, resumed, problem := a.hub.listen(topics, after)
	if problem != nil {
		a.refuse(w, q.Request, problem)
		return
	}
	defer a.hub.leave(l)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	s := &stream{w: w, control: http.NewResponseController(w)}
	s.raw(": orchestrator\nretry: 1000\n\n")
	now := a.Engine.Now().UTC()
	s.send(kindHello, "", Hello{a.Engine.Node.Hostname, a.roleOfNode(), a.Engine.Node.Version, a.hub.position(), now})
	if !resumed {
		s.send(kindReset, a.hub.position(), Reset{"what has happened since " + after + " is not kept any more", a.hub.position()})
	}
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for s.err == nil {
		select {
		case <-q.Context().Done():
			return
		case <-l.gone:
			return
		case e := <-l.events:
			s.raw(fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", a.hub.id(e.seq), e.kind, e.data))
		case <-ping.C:
			s.send(kindPing, "", Ping{a.hub.position(), a.roleOfNode(), a.leaderURI(), a.Engine.Now().UTC()})
		}
	}
	a.Logger.DebugContext(q.Context(), "a client of the events has gone", "error", s.err)
}

// stream writes events; after the first error it does nothing.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	err     error
}

func (s *stream) raw(text string) {
	if s.err != nil {
		return
	}
	// Where the connection has no deadlines, a client that takes nothing is dropped when its queue is full.
	_ = s.control.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, s.err = s.w.Write([]byte(text)); s.err == nil {
		s.err = s.control.Flush()
	}
}

func (s *stream) send(kind, id string, data any) {
	text, err := json.Marshal(data)
	if err != nil {
		s.err = err
		return
	}
	if id != "" {
		id = "id: " + id + "\n"
	}
	s.raw(fmt.Sprintf("%sevent: %s\ndata: %s\n\n", id, kind, text))
}

// Progress takes in what the recovery engine tells. It keeps nobody waiting.
func (a *API) Progress(p recovery.Progress) {
	e := Event{At: when(p.At), Topics: a.hub.topicsOf(p.Cluster), Cluster: p.Cluster, Server: keyText(p.Server), What: string(p.Kind), Text: p.Text, Recovery: p.Recovery}
	if p.Recovery != "" {
		e.Topics = append(e.Topics, "recovery:"+p.Recovery)
	}
	if p.Kind == recovery.StepChanged {
		if p.Step == nil {
			return
		}
		a.noteRecovery(p.Cluster, *p.Step)
		s := stepOf(p.Step, &a.plans.known)
		e.Step, e.What, e.Text = &s, "", ""
		a.hub.publish(kindStep, e)
		return
	}
	a.hub.mu.Lock()
	switch {
	case p.Kind == recovery.Began && p.Recovery != "":
		a.hub.recovering[p.Cluster] = p.Recovery
	case p.Kind == recovery.Promoted && p.Recovery != "":
		a.hub.recovering[p.Server.String()] = p.Recovery // the cluster goes on under that name
	case p.Kind == recovery.Finished:
		for cluster, uid := range a.hub.recovering {
			if uid == p.Recovery || cluster == p.Cluster {
				delete(a.hub.recovering, cluster)
			}
		}
		e.Success = &p.Success
	}
	a.hub.mu.Unlock()
	if p.Kind == recovery.Finished || p.Kind == recovery.Counted {
		a.losses.stale()
	}
	e.Topics = append(e.Topics, topicFleet)
	a.hub.publish(kindNotice, e)
}

// Stepped takes in a step of an operation that somebody has asked for, by whichever way.
func (a *API) Stepped(cluster string, s plan.Step) {
	shown := stepOf(&s, &a.plans.known)
	a.hub.publish(kindStep, Event{Topics: a.hub.topicsOf(cluster), Cluster: cluster, Server: s.Server.String(), Step: &shown})
}

// Audited takes in a line of the audit.
func (a *API) Audited(kind string, key topology.Key, cluster, message string) {
	now := when(a.Engine.Now())
	r := AuditRecord{At: now, Kind: kind, Server: keyText(key), Cluster: cluster, Message: message}
	e := Event{At: now, Topics: append(a.hub.topicsOf(cluster), "audit"), Cluster: cluster, Server: r.Server, Audit: &r}
	switch kind {
	case "enable-global-recoveries", "disable-global-recoveries":
		e.Topics = append(e.Topics, topicFleet) // it concerns all clusters
		fallthrough
	case "ack-recovery", "enable-cluster-recoveries", "disable-cluster-recoveries":
		a.hub.forecasts.stale()
	}
	a.hub.publish(kindAudit, e)
}
