package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/httpapi/v2/v2test"
	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
)

// secondSession is a service with real servers, as a client of /api/v2 sees it.
type secondSession struct {
	*serviceProcess
	cluster  *sandbox.Cluster
	document v2test.Document
	seen     map[string]bool // operations of the document that were called
}

// call asks the API; the answer is checked against its document.
func (s *secondSession) call(t *testing.T, id, method, path, body string, want int) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+"/api/v2"+path, strings.NewReader(body))
	must(t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w, err := s.client.Do(r)
	must(t, err)
	defer func() { must(t, w.Body.Close()) }()
	text, err := io.ReadAll(w.Body)
	must(t, err)
	if w.StatusCode != want {
		t.Fatalf("%s %s: %d %s", method, path, w.StatusCode, text)
	}
	operations := s.document.Operations()
	n := slices.IndexFunc(operations, func(o v2test.Operation) bool { return o.ID == id })
	if n < 0 {
		t.Fatalf("%s is not in the document", id)
	}
	if err := s.document.Answer(operations[n], w.StatusCode, w.Header.Get("Content-Type"), text); err != nil {
		t.Error(err)
	}
	s.seen[id] = true
	return text
}

// into is call for an answer that is looked at.
func into[T any](t *testing.T, text []byte) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

// carryOut plans an operation, runs it and waits for its end.
func (s *secondSession) carryOut(t *testing.T, operation string, arguments map[string]string) v2.Plan {
	t.Helper()
	ask, err := json.Marshal(v2.PlanRequest{Operation: operation, Arguments: arguments})
	must(t, err)
	p := into[v2.Plan](t, s.call(t, "makePlan", "POST", "/plans", string(ask), 201))
	s.call(t, "runPlan", "POST", "/plans/"+p.ID+"/run", fmt.Sprintf(`{"revision":%q}`, p.Revision), 202)
	s.await(t, "the end of "+operation, func() bool {
		p = into[v2.Plan](t, s.call(t, "getPlan", "GET", "/plans/"+p.ID, "", 200))
		return p.State != "running"
	})
	if p.State != "done" {
		t.Fatalf("%s: %+v", operation, p)
	}
	return p
}

// follow collects the events of the service until the test ends.
func (s *secondSession) follow(t *testing.T, topics string) <-chan v2.Event {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/api/v2/events?topics="+url.QueryEscape(topics), nil)
	must(t, err)
	w, err := http.DefaultClient.Do(r)
	must(t, err)
	events := make(chan v2.Event, 10_000)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		lines := bufio.NewScanner(w.Body)
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is && strings.Contains(data, `"topics"`) {
				var e v2.Event
				if json.Unmarshal([]byte(data), &e) == nil && s.document.Named("Event", []byte(data)) == nil {
					events <- e
				}
			}
		}
	}()
	t.Cleanup(func() { _ = w.Body.Close(); <-ended })
	return events
}

func awaitEvent(t *testing.T, events <-chan v2.Event, what string, fits func(e v2.Event) bool) v2.Event {
	t.Helper()
	late := time.After(systemWithin)
	for {
		select {
		case e := <-events:
			if fits(e) {
				return e
			}
		case <-late:
			t.Fatalf("no event tells of %s", what)
		}
	}
}

// TestSecondAPI works on real servers through /api/v2 alone: every route of the document is called, and what it answers
// is checked against the document.
func TestSecondAPI(t *testing.T) {
	t.Parallel()
	c := sandboxtest.New(t, sandbox.Options{Flavor: sandbox.MariaDB, GTID: true, Nodes: 3})
	s := &secondSession{cluster: c, seen: map[string]bool{}}
	s.serviceProcess = startProcess(t, fmt.Sprintf(`"MySQLTopologyUser": %q, "MySQLTopologyPassword": %q, "DiscoverByShowSlaveHosts": true, "AuditToBackendDB": true,
		"RecoverMasterClusterFilters": ["*"], "RecoverIntermediateMasterClusterFilters": ["*"], "DetectClusterAliasQuery": "SELECT 'orders'"`, sandbox.UserOrc, sandbox.Password(sandbox.UserOrc)))
	status, text := s.get(t, "/api/v2/openapi.json")
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	s.document = into[v2test.Document](t, []byte(text))
	s.seen["getOpenAPI"] = true
	a, b, d := c.Node(0).Addr(), c.Node(1).Addr(), c.Node(2).Addr()

	found := into[v2.Discoveries](t, s.call(t, "discover", "POST", "/discoveries", fmt.Sprintf(`{"instances":[%q,"127.0.0.1:1"]}`, a), 200))
	if !found.Results[0].OK || found.Results[1].OK || found.Results[1].Message == "" {
		t.Errorf("%+v", found)
	}
	var cluster v2.Cluster
	s.await(t, "three servers that are fine", func() bool {
		status, text := s.get(t, "/api/v2/clusters/orders")
		cluster = v2.Cluster{}
		return status == http.StatusOK && json.Unmarshal([]byte(text), &cluster) == nil && len(cluster.Members) == 3 && cluster.Affected == 0
	})
	if cluster.Sentence != "All 3 servers are fine." || cluster.Status != "ok" || cluster.Primary != a || cluster.Tree[0].Parent != -1 || cluster.Tree[2].Parent != 0 {
		t.Errorf("%+v", cluster.ClusterRow)
	}
	s.await(t, "a forecast", func() bool {
		f := into[v2.Fleet](t, s.call(t, "getFleet", "GET", "/fleet", "", 200))
		return f.Ready == 1 && f.Servers == 3 && f.Clusters[0].Forecast.Successor != ""
	})
	events := s.follow(t, "cluster:orders,plan:*,audit,fleet,recovery:*")

	s.look(t, a, b)
	s.declare(t, b)

	// A replica goes below another one, and back by what the plan says of undoing.
	verdicts := into[v2.Verdicts](t, s.call(t, "getMoves", "GET", "/clusters/orders/moves?server="+b, "", 200))
	for _, v := range verdicts.Verdicts {
		if want := v.Target == d || v.Target == a; v.OK != want || v.Text == "" || (v.Target == a) != (v.Swap != "") {
			t.Errorf("%+v", v)
		}
	}
	moved := s.carryOut(t, "relocate", map[string]string{"instance": b, "destination": d})
	if len(moved.Steps) == 0 || moved.Steps[0].State != "done" || moved.Steps[0].Took == nil || moved.Undo == nil {
		t.Errorf("%+v", moved)
	}
	awaitEvent(t, events, "the step of the move", func(e v2.Event) bool {
		return e.Step != nil && e.Step.State == "done" && e.Topics[0] == "plan:"+moved.ID
	})
	awaitEvent(t, events, "the move", func(e v2.Event) bool {
		return slices.ContainsFunc(e.Members, func(m v2.Server) bool { return m.Key == b && m.Source == d })
	})
	if done := into[v2.Page[v2.AuditRecord]](t, s.call(t, "listAudit", "GET", "/audit?plan="+moved.ID, "", 200)); done.Total == 0 || done.Items[0].Plan != moved.ID {
		t.Errorf("what the audit has of the plan %s: %+v", moved.ID, done)
	}
	s.carryOut(t, moved.Undo.Operation, moved.Undo.Arguments)
	if i := into[v2.ServerDetail](t, s.call(t, "getInstance", "GET", "/instances/"+b, "", 200)); i.Source != a || i.Receiver != "running" || len(i.Changes) == 0 {
		t.Errorf("%+v", i)
	}
	fits := map[string]v2.Possible{}
	s.await(t, "what is possible on a replica of the primary", func() bool { // what takes too long is told as possible
		for _, o := range into[[]v2.Possible](t, s.call(t, "getPossible", "GET", "/instances/"+b+"/operations", "", 200)) {
			fits[o.Operation] = o
		}
		return !fits["take-master"].Possible
	})
	if !fits["stop-replica"].Possible || !fits["relocate"].Possible || fits["take-master"].Reason == "" {
		t.Errorf("possible on a replica of the primary: %+v", fits)
	}
	if v := into[v2.Verdicts](t, s.call(t, "getMoves", "GET", "/clusters/orders/moves?server="+b, "", 200)); !slices.ContainsFunc(v.Verdicts, func(v v2.Verdict) bool { return v.Estimate != nil }) {
		t.Error("nothing was learnt of how long a move takes")
	}

	s.switchOver(t, events, a, b)
	foretold := into[v2.ForecastHistory](t, s.call(t, "getForecastHistory", "GET", "/clusters/orders/forecast/history", "", 200))
	if len(foretold.Points) == 0 || !foretold.Points[0].Would || len(foretold.Compared) != 1 || foretold.Compared[0].Foretold <= 0 || foretold.Compared[0].Took <= 0 {
		t.Errorf("what was foretold, and what it was: %+v", foretold)
	}
	s.end(t, d)
}

// look asks all that only reads.
func (s *secondSession) look(t *testing.T, primary, replica string) {
	t.Helper()
	for id, path := range map[string]string{
		"getMe": "/me", "getReadiness": "/readiness", "getGrants": "/grants", "listOperations": "/operations", "getNodes": "/nodes", "getNodeReports": "/nodes/reports", "getConfig": "/config", "getConfigChanges": "/config/changes", "getConfigDifferences": "/config/differences", "checkConfig": "/config/check", "getPublishing": "/publish",
		"listPublished": "/publish/entries", "listHookRuns": "/publish/runs",
		"listClusters": "/clusters?text=ord", "getCluster": "/clusters/orders", "getClusterSettings": "/clusters/orders/settings", "getHistory": "/clusters/orders/history", "listInstances": "/instances?status=ok", "search": "/search?q=maria", "find": "/found?q=127.0.0",
		"listProblems": "/problems", "listFindings": "/findings?cluster=orders", "listDowntimes": "/downtimes", "listMaintenances": "/maintenances", "listCandidates": "/candidates",
		"listPools": "/pools", "getAutoRecovery": "/auto-recovery", "listRecoveries": "/recoveries", "listBlocked": "/blocked-recoveries", "listDetections": "/detections",
		"getErrant": "/instances/" + replica + "/errant", "listGameDays": "/game-days", "listAudit": "/audit?limit=2", "listPlans": "/plans",
		"listGameDayWrites": "/game-days/writes", "getBinlogs": "/clusters/orders/binlogs", "getBinlogFiles": "/instances/" + replica + "/binlogs",
		"compareSets": "/gtid-sets?a=0-1-5&b=0-1-9",
	} {
		s.call(t, id, "GET", path, "", 200)
	}
	if d := into[v2.Donors](t, s.call(t, "getDonors", "GET", "/instances/"+replica+"/donors", "", 200)); d.Possible || d.Rule != "no-clone" || !strings.Contains(d.Remedy, "mariadb-backup") || len(d.Donors) != 2 {
		t.Errorf("by whose data a server of MariaDB may be replaced: %+v", d)
	}
	// Nothing writes pseudo-GTID here: both are refused in words.
	s.call(t, "getPseudoGTID", "GET", "/instances/"+replica+"/pseudo-gtid", "", 409)
	s.call(t, "getEquivalent", "GET", "/instances/"+replica+"/equivalent?in="+primary, "", 409)
	s.call(t, "getDetection", "GET", "/detections/4000000", "", 404)
	f := into[v2.Forecast](t, s.call(t, "getForecast", "GET", "/clusters/orders/forecast", "", 200))
	if !f.Would || f.Failed != primary || f.Successor == "" || !f.Supposed || len(f.Steps) == 0 || f.Risk == nil || f.Pause == 0 {
		t.Errorf("%+v", f)
	}
	// What is observed is written down behind the scenes; a copy of it has all servers a moment later.
	var past v2.Past
	s.await(t, "a copy of three servers", func() bool {
		s.call(t, "takeSnapshot", "POST", "/snapshots", "", 200)
		history := into[v2.History](t, s.call(t, "getHistory", "GET", "/clusters/orders/history", "", 200))
		if len(history.Moments) == 0 {
			return false
		}
		past = into[v2.Past](t, s.call(t, "getPast", "GET", "/clusters/orders/past?at="+url.QueryEscape(history.Moments[0].Format(time.RFC3339)), "", 200))
		return len(past.Servers) == 3
	})
	if !slices.Contains(past.Servers, v2.PastServer{Key: replica, Source: primary}) {
		t.Errorf("%+v", past)
	}
}

// declare says things about a server, and takes them back.
func (s *secondSession) declare(t *testing.T, replica string) {
	t.Helper()
	at := "/instances/" + replica
	s.call(t, "beginDowntime", "PUT", at+"/downtime", `{"reason":"disks","duration":"1h","owner":"dba"}`, 200)
	s.call(t, "putTag", "PUT", at+"/tags/role", `{"value":"backup"}`, 200)
	s.call(t, "putPromotionRule", "PUT", at+"/promotion-rule", `{"rule":"prefer"}`, 200)
	s.call(t, "putPool", "PUT", "/pools/reporting", fmt.Sprintf(`{"instances":[%q]}`, replica), 200)
	i := into[v2.ServerDetail](t, s.call(t, "getInstance", "GET", at, "", 200))
	if i.Status != "pause" || i.Downtime == nil || i.Downtime.Owner != "dba" || i.Rule != "prefer" || !slices.Equal(i.Tags, []string{"role=backup"}) {
		t.Errorf("%+v", i.Server)
	}
	if c := into[v2.Cluster](t, s.call(t, "getCluster", "GET", "/clusters/orders", "", 200)); c.Paused != 1 || !slices.Equal(c.Pools["reporting"], []string{replica}) {
		t.Errorf("%+v", c)
	}
	s.call(t, "endDowntime", "DELETE", at+"/downtime", "", 200)
	s.call(t, "deleteTag", "DELETE", at+"/tags/role", "", 200)
	s.call(t, "beginMaintenance", "PUT", at+"/maintenance", `{"reason":"disks"}`, 200)
	s.call(t, "endMaintenance", "DELETE", at+"/maintenance", "", 200)
	s.call(t, "refreshInstance", "POST", at+"/refresh", "", 200)
	s.call(t, "putPreferences", "PUT", "/me/preferences", `{"theme":"dark"}`, 200)
	if me := into[v2.Me](t, s.call(t, "getMe", "GET", "/me", "", 200)); string(me.Preferences) != `{"theme":"dark"}` || !me.MayAdmin {
		t.Errorf("%+v", me)
	}
	s.call(t, "putAutoRecovery", "PUT", "/auto-recovery", `{"enabled":false}`, 200)
	if into[v2.Switch](t, s.call(t, "getAutoRecovery", "GET", "/auto-recovery", "", 200)).Enabled {
		t.Error("automatic recovery is on")
	}
	s.call(t, "putAutoRecovery", "PUT", "/auto-recovery", `{"enabled":true}`, 200)
	s.call(t, "publishPrimaries", "POST", "/publish", `{"cluster":"orders"}`, 200)
	s.call(t, "reloadConfig", "POST", "/config/reload", `{}`, 200)
}

// switchOver lets a replica take over, follows it by its events, and reads the record.
func (s *secondSession) switchOver(t *testing.T, events <-chan v2.Event, primary, replica string) {
	t.Helper()
	p := s.carryOut(t, "graceful-master-takeover-auto", map[string]string{"cluster": "orders", "destination": replica})
	if p.Level != 1 || p.Undo == nil || p.Undo.Arguments["destination"] != primary || !slices.ContainsFunc(p.Steps, func(st v2.Step) bool { return st.NoReturn && st.State == "done" }) {
		t.Errorf("%+v", p)
	}
	began := awaitEvent(t, events, "the takeover", func(e v2.Event) bool { return e.What == "began" })
	awaitEvent(t, events, "writes", func(e v2.Event) bool { return e.What == "promoted" && e.Recovery == began.Recovery })
	awaitEvent(t, events, "its end", func(e v2.Event) bool { return e.What == "finished" && e.Success != nil && *e.Success })
	r := into[v2.RecoveryDetail](t, s.call(t, "getRecovery", "GET", "/recoveries/"+began.Recovery, "", 200))
	if r.State != "succeeded" || r.Successor != replica || len(r.Steps) == 0 || len(r.Log) == 0 || r.Took == nil || !slices.ContainsFunc(r.Steps, func(st v2.Step) bool { return st.NoReturn && st.Took != nil }) {
		t.Errorf("%+v", r)
	}
	s.call(t, "acknowledgeRecovery", "POST", "/recoveries/"+r.UID+"/acknowledgement", `{"comment":"seen"}`, 200)
	done := into[v2.Page[v2.AuditRecord]](t, s.call(t, "listAudit", "GET", "/audit?recovery="+r.UID, "", 200)).Items
	if len(done) < 2 || done[0].Kind != "ack-recovery" || done[len(done)-1].Plan == "" {
		t.Errorf("what the audit has of the recovery %s, which a plan began: %+v", r.UID, done)
	}
	s.call(t, "acknowledgeRecoveries", "POST", "/acknowledgements", `{"all":true,"comment":"seen"}`, 200)
	s.call(t, "stopPlan", "POST", "/plans/"+p.ID+"/stop", "", 409)
	s.await(t, "the cluster under its new name", func() bool {
		status, text := s.get(t, "/api/v2/clusters/orders")
		var c v2.Cluster
		return status == http.StatusOK && json.Unmarshal([]byte(text), &c) == nil && c.Primary == replica && len(c.Members) == 3
	})
	s.call(t, "putClusterAlias", "PUT", "/clusters/orders/alias", `{"alias":"orders"}`, 200)
}

// end forgets, and sees that nothing of the document was left out.
func (s *secondSession) end(t *testing.T, replica string) {
	t.Helper()
	s.call(t, "reelect", "POST", "/nodes/reelect", "", 200)
	s.await(t, "a leader", func() bool { status, _ := s.get(t, "/api/leader-check"); return status == http.StatusOK })
	s.call(t, "forgetInstance", "DELETE", "/instances/"+replica, "", 200)
	s.call(t, "forgetCluster", "DELETE", "/clusters/orders?confirm=orders", "", 200)
	page := into[v2.Page[v2.AuditRecord]](t, s.call(t, "listAudit", "GET", "/audit?kind=forget&limit=1", "", 200))
	if page.Total < 2 || page.Next == "" {
		t.Errorf("%+v", page)
	}
	for _, o := range s.document.Operations() {
		if o.ID != "getEvents" && !s.seen[o.ID] {
			t.Errorf("%s %s was not called", o.Method, o.Path)
		}
	}
}

// TestUsersSignIn is the whole service with a file of users: a file that is missing, roles, the caller in the audit.
func TestUsersSignIn(t *testing.T) {
	t.Parallel()
	launchProcess(t, t.TempDir(), `"AuthenticationMethod": "users", "AuthUsersFile": "nosuch"`).refuses(t, "AuthUsersFile nosuch")

	dir := t.TempDir()
	sum := sha256.Sum256([]byte("robot"))
	must(t, os.WriteFile(filepath.Join(dir, "users"), []byte("ci:sha256$"+hex.EncodeToString(sum[:])+":operator\n"), 0o600))
	s := launchProcess(t, dir, `"AuthenticationMethod": "users", "AuthUsersFile": "users", "AuditToBackendDB": true`)
	s.awaitLog(t, "INFO listening ")
	if status, _ := s.get(t, "/api/clusters"); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
	ask := func(method, path string, body string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
		must(t, err)
		r.Header.Set("Authorization", "Bearer robot")
		r.Header.Set("Content-Type", "application/json")
		w, err := s.client.Do(r)
		must(t, err)
		defer func() { must(t, w.Body.Close()) }()
		text, err := io.ReadAll(w.Body)
		must(t, err)
		return w.StatusCode, string(text)
	}
	if status, text := ask("PUT", "/api/v2/auto-recovery", `{"enabled":false}`); status != http.StatusOK {
		t.Errorf("as an operator: %d %s", status, text)
	}
	if status, text := ask("POST", "/api/v2/config/reload", `{}`); status != http.StatusForbidden {
		t.Errorf("what only an administrator may: %d %s", status, text)
	}
	if _, text := ask("GET", "/api/reload-configuration", ""); !strings.Contains(text, "Unauthorized") {
		t.Errorf("the same by the old route: %s", text)
	}
	for _, path := range []string{"/api/v2/audit", "/api/audit"} {
		if _, text := ask("GET", path, ""); !strings.Contains(text, "(by ci)") {
			t.Errorf("%s does not name the caller: %s", path, text)
		}
	}
	if log := s.logged(); strings.Contains(log, "robot") {
		t.Errorf("the log shows the token: %s", log)
	}
}
