package httpapi_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

// TestV2Binlogs: who has what, who is ahead, what would be lost, and who could feed whom.
func TestV2Binlogs(t *testing.T) {
	const own, stray = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000004"
	b := operatetest.New()
	set := map[string]func(i *topology.Instance){
		"db-a1": func(i *topology.Instance) { i.ExecutedSet, i.PurgedSet = own+":1-100", own+":1-40" },
		"db-a2": func(i *topology.Instance) { i.ExecutedSet = own + ":1-98" },
		"db-b1": func(i *topology.Instance) { i.ExecutedSet = own + ":1-30" },
		"db-a3": func(i *topology.Instance) { i.ExecutedSet = own + ":1-98," + stray + ":1"; i.ErrantSet = stray + ":1" },
	}
	for _, i := range b.Fleet.Instances() {
		if change := set[i.Key.Hostname]; change != nil {
			change(i)
		}
	}
	s := newSecond(t, b)
	is := decode[v2.Binlogs](t, s.do(http.MethodGet, "/api/v2/clusters/orders/binlogs", ""))
	want := []string{
		"db-a1:3306 has everything; db-a2:3306 lacks 2 transactions, db-a3:3306 lacks 2 transactions and db-b1:3306 lacks 70 transactions.",
		"With db-a1:3306 2 transactions would be lost unless a replica has received them: nobody else has executed them.",
	}
	if !slices.Equal(is.Answers, want) {
		t.Errorf("%q", is.Answers)
	}
	if len(is.Sources) != 2 || is.Sources[0].Name != own || is.Sources[0].Server != "db-a1:3306" || is.Sources[0].Count != 100 || len(is.Sources[0].Lanes) != 4 {
		t.Fatalf("%+v", is.Sources)
	}
	for _, x := range is.Servers {
		switch x.Server {
		case "db-a1:3306":
			// db-a2 goes on from 99, which is still logged; db-b1 from 31, which is purged; the errant one db-a1 never had.
			if !slices.Equal(x.Feeds, []string{"db-a2:3306"}) || len(x.FeedsNot) != 2 {
				t.Errorf("%+v", x)
			}
			for _, no := range x.FeedsNot {
				if want := map[string]string{"db-a3:3306": "behind", "db-b1:3306": "purged"}[no.Server]; no.Rule != want {
					t.Errorf("%+v, want %s", no, want)
				}
			}
		case "db-b1:3306":
			if x.Lacks != 70 || x.Alone != 0 {
				t.Errorf("%+v", x)
			}
		}
	}
}

// TestV2BinlogFiles: a file is needed by those that have not applied it to its end; nobody needs the oldest.
func TestV2BinlogFiles(t *testing.T) {
	b := operatetest.New()
	for _, i := range b.Fleet.Instances() {
		if i.Key.Hostname == "db-a3" {
			i.Channel.Exec = topology.Coordinates{LogFile: "binlog.000011", LogPos: 70}
		}
	}
	s := newSecond(t, b)
	is := decode[v2.BinlogFiles](t, s.do(http.MethodGet, "/api/v2/instances/db-a1:3306/binlogs", ""))
	var got []string
	for _, f := range is.Files {
		got = append(got, f.Name+" "+f.First[strings.LastIndex(f.First, ":")+1:]+" "+strings.Join(f.NeededBy, ","))
	}
	want := []string{"binlog.000010 1 ", "binlog.000011 41 db-a3:3306", "binlog.000012 90 db-a2:3306,db-a3:3306"}
	if !slices.Equal(got, want) || !is.Files[2].Current || is.Size != 209_719_922 {
		t.Errorf("%q, %+v", got, is)
	}
}

// TestV2CompareSets: what only one has, and what both have, of either vendor; what is no set is refused in words.
func TestV2CompareSets(t *testing.T) {
	const uuid = "00000000-0000-0000-0000-000000000001"
	s := newSecond(t, operatetest.New())
	for _, c := range []struct {
		a, b, relation, onlyA, onlyB, both string
	}{
		{uuid + ":1-9", uuid + ":1-9", "equal", "", "", uuid + ":1-9"},
		{uuid + ":1-9", uuid + ":5-12", "diverged", uuid + ":1-4", uuid + ":10-12", uuid + ":5-9"},
		{uuid + ":1-9", "", "superset", uuid + ":1-9", "", ""},
		{"0-1-9,3-1-4", "0-1-7", "superset", "0-1-9,3-1-4", "", "0-1-7"},
		{"0-1-9,3-1-4", "0-1-12", "diverged", "3-1-4", "0-1-12", "0-1-9"},
	} {
		is := decode[v2.SetsCompared](t, s.do(http.MethodGet, "/api/v2/gtid-sets?"+url.Values{"a": {c.a}, "b": {c.b}}.Encode(), ""))
		if is.Relation != c.relation || is.OnlyA.Set != c.onlyA || is.OnlyB.Set != c.onlyB || is.Both.Set != c.both || is.Sentence == "" {
			t.Errorf("%s and %s: %+v", c.a, c.b, is)
		}
	}
	for _, bad := range []string{"a=" + uuid, "a=0-1-5&b=" + uuid + ":1", "a=" + uuid + ":1&b=9"} {
		if w := s.do(http.MethodGet, "/api/v2/gtid-sets?"+bad, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", bad, w.Code, w.Body)
		}
	}
}
