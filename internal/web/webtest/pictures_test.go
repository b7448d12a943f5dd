package webtest_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
	"orchestrator/internal/web/webtest"
)

var pictures = flag.String("pictures", "", "write pictures of the screens into this directory")

// screens are what pictures are made of.
var screens = map[string]string{
	"clusters": "clusters", "table": "clusters?view=table", "problems": "problems", "recoveries": "audit-recovery", "recovery": "audit-recovery/id/3", "detections": "audit-failure-detection/id/11",
	"audit": "audit", "managers": "nodes", "publishing": "publish", "configuration": "config?q=Recover", "discover": "discover", "search": "search?s=db", "about": "about", "me": "me",
}

// TestPictures makes pictures of all screens on fixed data, at a fixed time: `make pictures`. Without the flag it does
// nothing.
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("no -pictures")
	}
	if err := os.MkdirAll(*pictures, 0o750); err != nil {
		t.Fatal(err)
	}
	b := operatetest.New()
	b.Fleet = fleet(troubled, "orders", "payments", "ledger", "billing", "catalog", "inventory", "accounts", "search")
	s := start(t, b, nil)
	empty := operatetest.New()
	empty.Fleet = topology.New(nil, topology.Names{})
	first := start(t, empty, nil)
	for size, window := range map[string]webtest.Option{"1440": webtest.Size(1440, 900), "1024": webtest.Size(1024, 768), "390": webtest.Size(390, 844)} {
		p := webtest.Open(t, s.URL+"/web/about", window)
		for _, theme := range []string{"light", "dark"} {
			webtest.Value[bool](p, `(localStorage.setItem("preferences", JSON.stringify({theme: "`+theme+`", zone: "utc"})), true)`)
			shot := func(name, address string) {
				p.Go(address)
				p.Await(name, `document.querySelector("main").children.length > 0 && !document.querySelector(".skeleton") && document.querySelector(".l-live") && document.fonts.status === "loaded"`)
				if err := os.WriteFile(filepath.Join(*pictures, name+"-"+size+"-"+theme+".png"), p.Picture(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			for name, path := range screens {
				shot(name, s.URL+"/web/"+path)
			}
			p.Go(s.URL + "/web/clusters")
			p.Await("the dashboard", `document.querySelector(".row")`)
			p.Chord("k")
			p.Await("the palette", `document.querySelector("dialog.pal[open]")`)
			p.Type("or")
			p.Await("what it found", `document.querySelector(".pi mark")`)
			if err := os.WriteFile(filepath.Join(*pictures, "palette-"+size+"-"+theme+".png"), p.Picture(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p.Go(first.URL + "/web/clusters")
		p.AwaitText("main", "Name one server per cluster.")
		if err := os.WriteFile(filepath.Join(*pictures, "first-day-"+size+".png"), p.Picture(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// troubled makes some of the servers of the pictures lag, stop, or be in downtime.
func troubled(n int, i *topology.Instance) {
	replica := !i.Channel.Source.IsZero()
	switch {
	case n == 2 && replica:
		i.Lag, i.Channel.SecondsBehind = topology.KnownSeconds(412), topology.KnownSeconds(412)
	case n == 3 && i.Key.Hostname == "c3-db-3":
		i.Channel.SQLThread, i.Channel.LastSQLError = topology.ThreadStopped, "Error 1062: Duplicate entry '7' for key 'PRIMARY'"
	case n == 4 && i.Key.Hostname == "c4-db-3":
		i.ErrantSet = "00000000-0000-0000-0000-000000000014:1-3"
	case n == 5 && i.Key.Hostname == "c5-db-2":
		i.Downtime = &topology.Downtime{Owner: "dba", Reason: "new disks", Begin: operatetest.Now(), End: operatetest.Now().Add(3600e9)}
	}
}
