package httpapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"orchestrator/internal/httpapi"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate/operatetest"
)

// inGroup serves a member of a raft group of three.
func inGroup(t *testing.T) (second, *operatetest.Group) {
	b := operatetest.New()
	b.Raft = true
	g := operatetest.NewGroup(b)
	return newSecond(t, b, func(d *httpapi.Deps) { g.Join(d.Engine) }), g
}

func TestV2Nodes(t *testing.T) {
	s, g := inGroup(t)
	is := decode[v2.Nodes](t, s.do(http.MethodGet, "/api/v2/nodes", ""))
	if is.Sentence != "3 of 3 managers are here." || is.More != "One more may fail and the group still decides." || is.Leader != "manager-2" || is.Mode != "raft" || is.Term != 41 {
		t.Errorf("%+v", is)
	}
	if is.Votes == nil || *is.Votes != (v2.NodeVotes{All: 3, Needed: 2, Here: 3}) || is.LeaderSince == nil {
		t.Errorf("%+v since %v", is.Votes, is.LeaderSince)
	}
	// Of what both ends measured, the quicker counts.
	links := map[string]float64{}
	for _, l := range is.Links {
		links[l.From+" "+l.To] = l.MS
	}
	if len(links) != 3 || links["10.0.1.1:10008 10.0.2.1:10008"] != 7 || links["10.0.1.1:10008 10.0.3.1:10008"] != 91 || links["10.0.2.1:10008 10.0.3.1:10008"] != 88 {
		t.Errorf("%v", links)
	}
	last := is.Nodes[2]
	if last.Name != "manager-3" || last.RoundTrip == nil || *last.RoundTrip != 88 || *last.Behind != 2 || last.MovedFrom == "" || is.Nodes[1].RoundTrip != nil || !is.Nodes[1].Leader || is.Nodes[1].Role != "leader" {
		t.Errorf("%+v", is.Nodes)
	}
	// Two on one machine are called by their addresses, and one that is silent says nothing of how far it is.
	g.Stands.Members[0].Hostname, g.Stands.Members[2].Healthy = "manager-2", false
	is = decode[v2.Nodes](t, s.do(http.MethodGet, "/api/v2/nodes", ""))
	if is.Nodes[0].Name != "10.0.1.1:10008" || is.Nodes[2].Here || is.Nodes[2].RoundTrip != nil || is.More != "If one more fails, nobody decides, and nothing is failed over." {
		t.Errorf("%+v", is)
	}
	g.Stands.Members[0].Healthy = false
	if is = decode[v2.Nodes](t, s.do(http.MethodGet, "/api/v2/nodes", "")); is.Sentence != "No quorum: 1 of 3 managers are here, and 2 are needed." {
		t.Errorf("%+v", is)
	}
}

// TestV2ManagerPlans: what is done with managers is shown first, with what speaks for it and the way back; what would cost
// the quorum is refused, also when it would only since the plan was made.
func TestV2ManagerPlans(t *testing.T) {
	s, g := inGroup(t)
	plan := func(operation string, arguments map[string]string) (v2.Plan, v2.Problem) {
		t.Helper()
		text, err := json.Marshal(v2.PlanRequest{Operation: operation, Arguments: arguments})
		if err != nil {
			t.Fatal(err)
		}
		w := s.do(http.MethodPost, "/api/v2/plans", string(text))
		if w.Code >= 300 {
			return v2.Plan{}, decode[v2.Problem](t, w)
		}
		return decode[v2.Plan](t, w), v2.Problem{}
	}
	says := func(p v2.Plan, texts ...string) {
		t.Helper()
		whole, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			if !strings.Contains(string(whole), text) {
				t.Errorf("%q is not in %s", text, whole)
			}
		}
	}
	yield, _ := plan("raft-yield", map[string]string{"hostname": "10.0.3.1"})
	says(yield, "Let manager-3 (10.0.3.1:10008) lead", "it is 2 entries behind, and catches up first", "let manager-2 (10.0.2.1:10008) lead again", "For a moment nothing is failed over")
	if yield.Undo == nil || yield.Undo.Operation != "raft-yield" || yield.Undo.Arguments["hostname"] != "10.0.2.1:10008" || yield.Level != 1 {
		t.Errorf("%+v", yield)
	}
	add, _ := plan("raft-add-peer", map[string]string{"peer": "10.0.4.1"})
	says(add, "Add the manager 10.0.4.1:10008", "it calls itself manager-4", "afterwards 4 of 4 votes are here and 3 are needed: one more may fail", "4 votes survive no more failures than 3", `"operation":"raft-remove-peer"`)
	remove, _ := plan("raft-remove-peer", map[string]string{"peer": "manager-3"})
	says(remove, "Remove the manager manager-3", "afterwards 2 of 2 votes are here and 2 are needed: none may fail", "end it afterwards")
	replace, _ := plan("raft-replace-peer", map[string]string{"peer": "manager-2", "new-peer": "10.0.4.1"})
	says(replace, "it is added first", "manager-2 (10.0.2.1:10008) leads: another one is elected")
	snapshot, _ := plan("raft-snapshot", nil)
	over, _ := plan("reelect", nil)
	says(over, "manager-1 (10.0.1.1:10008) can lead")
	for name, c := range map[string]struct {
		operation string
		arguments map[string]string
		reason    string
	}{
		"who leads already": {"raft-yield", map[string]string{"hostname": "manager-2"}, "unfit_leader"},
		"who is not there":  {"raft-remove-peer", map[string]string{"peer": "10.0.9.9"}, "unknown_member"},
		"what does not run": {"raft-add-peer", map[string]string{"peer": "10.0.4.1:1"}, "newcomer"},
		"who is one":        {"raft-add-peer", map[string]string{"peer": "10.0.1.1"}, "member_already"},
		"no raft":           {"grab-election", nil, "raft"},
	} {
		if _, p := plan(c.operation, c.arguments); p.Status != http.StatusConflict || p.Reason != c.reason {
			t.Errorf("%s: %+v", name, p)
		}
	}

	run := func(p v2.Plan) v2.Problem {
		t.Helper()
		w := s.do(http.MethodPost, "/api/v2/plans/"+p.ID+"/run", `{"revision":"`+p.Revision+`"}`)
		if w.Code >= 300 {
			return decode[v2.Problem](t, w)
		}
		s.await(t, "its end", func() bool {
			return decode[v2.Plan](t, s.do(http.MethodGet, "/api/v2/plans/"+p.ID, "")).State == "done"
		})
		return v2.Problem{}
	}
	run(snapshot)
	run(yield)
	// One falls silent: the plan of before is another one, and the third may not go at all.
	g.Stands.Members[0].Healthy = false
	if p := run(remove); p.Status != http.StatusConflict || p.Reason != "quorum" || !strings.Contains(p.Detail, "removing manager-3 (10.0.3.1:10008) would cost the quorum: 1 of the remaining 2 votes are here, and 2 are needed") || p.Remedy == "" {
		t.Errorf("%+v", p)
	}
	if p := run(over); p.Type != "urn:orchestrator:problem:plan-outdated" || p.Plan == nil {
		t.Errorf("%+v", p)
	}
	if silent, p := plan("raft-remove-peer", map[string]string{"peer": "10.0.1.1:10008"}); p.Status != 0 || silent.Undo != nil {
		t.Errorf("the silent one may go: %+v %+v", silent, p)
	}
	if want := []string{"raft snapshot", `transfer to "10.0.3.1"`}; !slices.Equal(s.b.Calls[:2], want) || len(slices.DeleteFunc(slices.Clone(s.b.Calls), func(c string) bool { return strings.HasPrefix(c, "audit") })) != 2 {
		t.Errorf("done: %q", s.b.Calls)
	}
}

// TestV2Configuration: a key says where it stands, what it does, and what a reload would make of it.
func TestV2Configuration(t *testing.T) {
	b := operatetest.New()
	s := newSecond(t, b)
	keys := map[string]v2.ConfigItem{}
	for _, k := range decode[v2.ConfigView](t, s.do(http.MethodGet, "/api/v2/config", "")).Keys {
		keys[k.Name] = k
	}
	if k := keys["RecoverMasterClusterFilters"]; k.Now == "" || !strings.Contains(k.Now, "matches 1 cluster of") {
		t.Errorf("%+v", k)
	}
	if k := keys["RecoverIntermediateMasterClusterFilters"]; !strings.Contains(k.Now, "no intermediate source is replaced automatically") {
		t.Errorf("%+v", k)
	}
	changes := decode[v2.ConfigChanges](t, s.do(http.MethodGet, "/api/v2/config/changes", ""))
	var got []string
	for _, c := range changes.Changes {
		got = append(got, c.Name+" "+string(c.Before)+" "+string(c.After)+" "+c.Reload)
	}
	if want := []string{`ListenAddress ":3000" ":3001" restart`, "DiscoverySeeds [] [\"db-a1\"] restart", "InstancePollSeconds 5 7 partly"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if len(changes.Warnings) != 1 || !strings.Contains(changes.Warnings[0], "InstancePolSeconds") {
		t.Errorf("%q", changes.Warnings)
	}
	if slices.ContainsFunc(b.Calls, func(c string) bool { return strings.HasPrefix(c, "reload") }) || b.Conf.InstancePollSeconds != 5 {
		t.Errorf("it was put in force: %q", b.Calls)
	}
	if is := decode[v2.ConfigDifferences](t, s.do(http.MethodGet, "/api/v2/config/differences", "")); !strings.Contains(is.Sentence, "nothing to compare") || len(is.Nodes) != 1 {
		t.Errorf("%+v", is)
	}
}
