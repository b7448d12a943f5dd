package webtest_test

import (
	"testing"

	"orchestrator/internal/topology"
	"orchestrator/internal/web/webtest"
)

// TestRebuildIsChosen: whether a server can be rebuilt from another one, and from which, is what the server says; where it
// cannot be, the reason and the way out stand beside the button that does nothing.
func TestRebuildIsChosen(t *testing.T) {
	const choice = `[data-server="c4-db-3:3306"] [data-choice=rebuild]`
	open := func(t *testing.T, change func(*topology.Instance)) *webtest.Page {
		b := everything()
		for _, i := range b.Fleet.ClusterByAlias("catalog").Members {
			i.Flavor, i.Version, i.GTIDMode, i.LogBin, i.LogReplicaUpdates = topology.FlavorMySQL, "8.4.6", "ON", true, true
			if i.HasSource() {
				i.ReadOnly, i.Lag, i.Channel.GTID = true, topology.KnownSeconds(0), topology.OracleGTID
			}
			change(i)
		}
		return webtest.Open(t, start(t, b, nil).URL+"/web/cluster/alias/catalog?tab=binlogs")
	}
	t.Run("not MariaDB", func(t *testing.T) {
		p := open(t, func(i *topology.Instance) { i.Flavor, i.Version = topology.FlavorMariaDB, "11.4.2-MariaDB" })
		p.AwaitText(choice, "only MySQL 8.0.17 and newer can be cloned")
		p.AwaitText(choice, "mariadb-backup")
		p.Await("nothing to press", `document.querySelector('`+choice+` button').disabled`)
	})
	t.Run("MySQL", func(t *testing.T) {
		p := open(t, func(i *topology.Instance) {
			if i.Key.Hostname == "c4-db-2" {
				i.Maintenance = &topology.Maintenance{Owner: "ann", Reason: "disks"}
			}
		})
		p.Await("the choice", `document.querySelector('`+choice+` button:enabled')`)
		webtest.Value[bool](p, `document.querySelector('`+choice+` button').click() === undefined`)
		p.AwaitText("dialog[open] .winners", "it is under maintenance by ann")
		p.Await("the best one chosen, the unfit one not to be", `(() => {
			const of = (name) => [...document.querySelectorAll("dialog[open] .winners label")].find((label) => label.innerText.includes(name)).querySelector("input");
			return of("c4-db-2").disabled && !of("c4-db-2").checked && document.querySelectorAll("dialog[open] .winners input:checked").length === 1;
		})()`)
		webtest.Value[bool](p, `(() => { for (const label of document.querySelectorAll("dialog[open] .winners label")) if (label.innerText.includes("the primary")) label.querySelector("input").click(); return true })()`)
		p.Click("dialog[open] [type=submit]")
		p.Await("its plan", `document.querySelector(".plan[data-state=planned]")?.textContent.includes("orchestrator -c rebuild-replica -i c4-db-3:3306 -d c4-db-1:3306")`)
		p.AwaitText(".plan", "all data of this replica are thrown away")
	})
}
