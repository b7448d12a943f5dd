package httpapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/publish"
)

// TestV2Published lists what stores say: what is not in order first, with its sentence.
func TestV2Published(t *testing.T) {
	now := operatetest.Now()
	seen := func(value string, would publish.Outcome, place string) publish.Sight {
		return publish.Sight{Place: place, Value: value, Would: would}
	}
	s := newSecond(t, operatetest.New())
	s.api.Published = func() []publish.Listing {
		return []publish.Listing{
			{Store: "consul c1", Entries: []publish.Entry{
				{Alias: "a", Wanted: "db-a1:3306", Sights: []publish.Sight{seen("db-a1:3306", publish.Present, "")}, Checked: now, Changed: now.Add(-time.Hour), State: publish.AsWanted,
					Drift: &publish.Drift{Value: "db-x:3306", Seen: now.Add(-time.Minute)}},
				{Alias: "b", Wanted: "db-b1:3306", Sights: []publish.Sight{seen("db-b1:3306", publish.Present, "fra"), seen("", publish.Written, "ams")}, Checked: now, State: publish.Differs, Since: now},
			}},
			{Store: "etcd e1", Entries: []publish.Entry{
				{Alias: "a", Wanted: "db-a1:3306", State: publish.Failing, Since: now, Problem: "no quorum"},
				{Alias: "b", Wanted: "db-b1:3306", State: publish.Unseen},
				{Alias: "c", Wanted: "db-c1:3306", Sights: []publish.Sight{seen("db-c9:3306", publish.Written, "")}, Checked: now, State: publish.Held, Since: now, Problem: "not published: db-c1:3306 cannot be reached"},
			}},
		}
	}
	list := func(query string) v2.Page[v2.PublishedEntry] {
		return decode[v2.Page[v2.PublishedEntry]](t, s.do(http.MethodGet, "/api/v2/publish/entries"+query, ""))
	}
	var got []string
	for _, e := range list("").Items {
		got = append(got, e.Store+" "+e.Alias+" "+e.State+": "+e.Sentence)
	}
	want := []string{
		"etcd e1 a failing: It is to say db-a1:3306, and cannot be read or written: no quorum.",
		"consul c1 b differs: It says db-b1:3306 in fra, nothing in ams, and the primary is db-b1:3306. It is about to be put right.",
		"etcd e1 c held: It says db-c9:3306, and the primary is db-c1:3306. It is left as it is: db-c1:3306 cannot be reached",
		"consul c1 a in-order: It says db-a1:3306, as it should.",
		"etcd e1 b unseen: It was not read yet.",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for query, total := range map[string]int{"?state=bad": 3, "?state=held": 1, "?store=consul+c1": 2, "?alias=b": 2, "?alias=b&state=bad": 1, "?state=nosuch": 0} {
		if l := list(query); l.Total != total || len(l.Items) != total {
			t.Errorf("%s: %d", query, l.Total)
		}
	}
	first := list("?limit=2")
	if rest := list("?limit=3&cursor=" + first.Next); len(first.Items) != 2 || len(rest.Items) != 3 || rest.Items[0].Alias != "c" {
		t.Errorf("in two pages: %+v, %+v", first, rest)
	}
	if d := list("?alias=a&store=consul+c1").Items[0].Drift; d == nil || d.Value != "db-x:3306" {
		t.Errorf("drift: %+v", d)
	}
}

// TestV2HookRuns shows the output of hooks only to those who may change servers.
func TestV2HookRuns(t *testing.T) {
	b := operatetest.New()
	s := newSecond(t, b)
	runs := func() v2.HookRuns {
		return decode[v2.HookRuns](t, s.do(http.MethodGet, "/api/v2/publish/runs", ""))
	}
	r := runs()
	if len(r.Items) != 3 || *r.LimitMS != 30_000 || r.Node != "node1" || *r.Items[0].ExitCode != 7 || !strings.Contains(r.Items[0].Output, "refused") || r.Items[0].Error == "" || r.Items[0].Recovery != "u3" || r.Items[0].TookMS != 1800 || !r.Items[2].Test {
		t.Errorf("%+v", r)
	}
	b.Conf.ReadOnly = true
	for _, run := range runs().Items {
		if run.Output != "" || run.Error != "" || run.ExitCode == nil {
			t.Errorf("who may only look reads %+v", run)
		}
	}
}

// TestV2TestOfAHook is a plan that has to be confirmed, and whose failure is told.
func TestV2TestOfAHook(t *testing.T) {
	b := operatetest.New()
	b.Conf.PostFailoverProcesses = []string{"true"}
	s := newSecond(t, b)
	p := decode[v2.Plan](t, s.do(http.MethodPost, "/api/v2/plans", `{"operation":"test-hook","arguments":{"processes":"PostFailoverProcesses","number":"1"}}`))
	if p.Level != int(operate.Destructive) || p.Confirm != "test-hook" || !strings.Contains(p.Risk, "ORC_TEST") || len(b.Calls) > 0 {
		t.Errorf("%+v, done %q", p, b.Calls)
	}
	if w := s.do(http.MethodPost, "/api/v2/plans/"+p.ID+"/run", `{}`); w.Code != http.StatusUnprocessableEntity || len(b.Calls) > 0 {
		t.Errorf("without being confirmed: %d, done %q", w.Code, b.Calls)
	}
	b.Fail = errors.New("hooks are closed")
	if w := s.do(http.MethodPost, "/api/v2/plans", `{"operation":"test-hook","arguments":{"processes":"PostFailoverProcesses"}}`); w.Code != http.StatusBadRequest {
		t.Errorf("without a number: %d %s", w.Code, w.Body)
	}
}
