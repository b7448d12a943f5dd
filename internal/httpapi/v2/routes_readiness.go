package v2

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// Readiness is what should be so before one relies on failures being repaired.
type Readiness struct {
	Items []ReadinessItem `json:"items"`
	Open  int             `json:"open" doc:"how many of them are not as they should be"`
}

// ReadinessItem is one of these.
type ReadinessItem struct {
	Name   string   `json:"name" enum:"managers,switch,failover,durability,access,configuration,migration,programs,rehearsal"`
	Status string   `json:"status" enum:"ok,warn,info"`
	Title  string   `json:"title"`
	More   []string `json:"more"`
}

func (a *API) readinessRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/readiness", name: "getReadiness", topic: "service", summary: "What should be so before one relies on failures being repaired", local: true,
		doc: "The programs are those of the manager that answers: another one does not know which have run.", answer: Readiness{}, handle: a.readiness,
	}}
}

func (a *API) readiness(q *request) (any, error) {
	t, err := q.fleet()
	if err != nil {
		return nil, err
	}
	rows, err := a.rows(q)
	if err != nil {
		return nil, err
	}
	out := Readiness{Items: []ReadinessItem{}}
	add := func(item ReadinessItem) {
		item.More = append([]string{}, item.More...)
		if item.Status == "warn" {
			out.Open++
		}
		out.Items = append(out.Items, item)
	}
	if is, err := a.standing(q.Context()); err == nil {
		add(managersReady(is))
	}
	if a.Engine.Switch != nil {
		now, err := a.Engine.Switch.GlobalSwitch(q.Context())
		if err != nil {
			return nil, fmt.Errorf("read the switch for recoveries: %w", err)
		}
		add(switchReady(now.Disabled))
	}
	add(failoverReady(rows))
	if len(rows) > 0 {
		add(durabilityReady(rows))
		add(accessReady(t.Instances()))
	}
	var warnings []config.Warning
	if a.Warnings != nil {
		warnings = a.Warnings()
	}
	add(configReady(a.Engine.Config(), warnings))
	if old, ok := migrationReady(warnings); ok {
		add(old)
	}
	var runs []operate.HookRun
	if a.Engine.Hooks != nil {
		runs = a.Engine.Hooks.Runs()
	}
	add(programsReady(operate.HookLists(a.Engine.Config()), runs))
	if a.Engine.GameDayLog != nil {
		days, err := a.Engine.GameDays(q.Context())
		if err != nil {
			return nil, fmt.Errorf("read the records of game days: %w", err)
		}
		add(rehearsalReady(days))
	}
	return out, nil
}

func managersReady(is Nodes) ReadinessItem {
	here := 0
	for _, n := range is.Nodes {
		if n.Here {
			here++
		}
	}
	item := ReadinessItem{Name: "managers", Status: "warn", Title: is.Sentence}
	switch {
	case is.Healthy && is.Leader != "" && here > 1:
		item.Status = "ok"
	case len(is.Nodes) <= 1:
		item.More = []string{"A second and a third one would go on without it."}
	}
	return item
}

func switchReady(off bool) ReadinessItem {
	if off {
		return ReadinessItem{Name: "switch", Status: "warn", Title: "Automatic recovery is off everywhere", More: []string{"Turn it on when the forecasts look right."}}
	}
	return ReadinessItem{Name: "switch", Status: "ok", Title: "Automatic recovery is on", More: []string{"The switch for all clusters."}}
}

// namedMost is how many of a kind are named.
const namedMost = 5

// someOf are the first few of a list, and how many there are beside them.
func someOf(all []string) []string {
	if len(all) <= namedMost {
		return all
	}
	return append(all[:namedMost:namedMost], fmt.Sprintf("and %d more", len(all)-namedMost))
}

func failoverReady(rows []ClusterRow) ReadinessItem {
	var not []string
	unknown := 0
	for _, r := range rows {
		switch {
		case r.Forecast == nil:
			unknown++
		case !r.Forecast.Would:
			not = append(not, r.Alias+": "+r.Forecast.Sentence)
		}
	}
	item := ReadinessItem{Name: "failover", Status: "warn", More: someOf(not)}
	switch {
	case len(rows) == 0:
		item.Title, item.More = "No server is known", []string{"So there is nothing that could be failed over."}
	case len(not) > 0:
		item.Title = fmt.Sprintf("%s would not be failed over", counted(len(not), "cluster"))
	case unknown > 0:
		item.Status, item.Title = "info", fmt.Sprintf("The forecast of %s is not there yet", counted(unknown, "cluster"))
	default:
		item.Status, item.Title = "ok", "All clusters would be failed over"
	}
	return item
}

// durabilityReady says which clusters could lose transactions that a client was told are committed.
func durabilityReady(rows []ClusterRow) ReadinessItem {
	var risky []string
	unknown := 0
	for _, r := range rows {
		switch {
		case r.Forecast == nil:
			unknown++
		case !r.Forecast.Would:
		case r.Forecast.Risk == nil:
			risky = append(risky, r.Alias+": what its primary alone holds cannot be known")
		case *r.Forecast.Risk > 0:
			risky = append(risky, fmt.Sprintf("%s: %s at this moment", r.Alias, counted(int(*r.Forecast.Risk), "transaction")))
		}
	}
	if len(risky) == 0 && unknown > 0 {
		return ReadinessItem{Name: "durability", Status: "info", Title: "What a failover could lose is not known yet", More: []string{"The forecast of " + counted(unknown, "cluster") + " is not there yet."}}
	}
	if len(risky) == 0 {
		return ReadinessItem{Name: "durability", Status: "ok", Title: "No failover at this moment would lose a transaction", More: []string{"Of the clusters that would be failed over."}}
	}
	return ReadinessItem{
		Name: "durability", Status: "warn", Title: fmt.Sprintf("%s could lose transactions", counted(len(risky), "cluster")),
		More: append(someOf(risky), "A primary that dies takes along what no other server has; semi-synchronous replication keeps it."),
	}
}

// accessReady says which servers refuse what they are asked.
func accessReady(all []*topology.Instance) ReadinessItem {
	var refuse []string
	for _, i := range all {
		text := strings.ToLower(i.Check.Err)
		if !i.LastCheckValid() && (strings.Contains(text, "access denied") || strings.Contains(text, "command denied") || strings.Contains(text, "privilege")) {
			refuse = append(refuse, i.Key.String()+": "+i.Check.Err)
		}
	}
	if len(refuse) == 0 {
		return ReadinessItem{Name: "access", Status: "ok", Title: "No server refuses to be looked at", More: []string{"Whether it may also be changed shows when it is: compare the grants with those that are needed."}}
	}
	return ReadinessItem{Name: "access", Status: "warn", Title: counted(len(refuse), "server") + " " + refuses(len(refuse)), More: someOf(refuse)}
}

func configReady(c *config.Config, warnings []config.Warning) ReadinessItem {
	var list []string
	for _, s := range config.Check(c, warnings) {
		if s.Severity == config.Concern {
			list = append(list, s.Text)
		}
	}
	if len(list) == 0 {
		return ReadinessItem{Name: "configuration", Status: "ok", Title: "The configuration has nothing to warn of"}
	}
	return ReadinessItem{Name: "configuration", Status: "warn", Title: "The configuration has " + counted(len(list), "warning"), More: someOf(list)}
}

// migrationReady says of a configuration that was written for a former version what has become of it; ok is false for others.
func migrationReady(warnings []config.Warning) (item ReadinessItem, ok bool) {
	old, idle := 0, 0
	for _, w := range warnings {
		switch w.Kind {
		case config.LegacyKey:
			old++
		case config.DeadKey, config.RemovedKey, config.PlannedKeys:
			idle++
		}
	}
	if old+idle == 0 {
		return item, false
	}
	item = ReadinessItem{Name: "migration", Status: "info", Title: "The configuration was written for a former version, and is understood"}
	if old > 0 {
		item.More = append(item.More, counted(old, "old name")+" still "+map[bool]string{true: "works", false: "work"}[old == 1]+".")
	}
	if idle > 0 {
		item.More = append(item.More, counted(idle, "remark")+" about keys that have no effect any more.")
	}
	return item, true
}

// programsReady says whether the programs that are run in a recovery have run, in a test or in earnest.
func programsReady(lists []operate.HookList, runs []operate.HookRun) ReadinessItem {
	all := 0
	var untried, failed []string
	for _, l := range lists {
		for n := range l.Commands {
			all++
			name := fmt.Sprintf("%s, number %d", l.Name, n+1)
			last := lastRun(runs, l.Name, n+1)
			switch {
			case last == nil:
				untried = append(untried, name+" has not run since this manager began")
			case last.ExitCode == nil || *last.ExitCode != 0:
				failed = append(failed, name+" has failed")
			}
		}
	}
	item := ReadinessItem{Name: "programs", Status: "warn", More: someOf(append(failed, untried...))}
	switch {
	case all == 0:
		item.Status, item.Title = "info", "No program is run in a recovery"
		item.More = []string{"Nothing but the key-value stores says who the new primary is."}
	case len(failed) > 0:
		item.Title = fmt.Sprintf("%d of %s failed when run last", len(failed), counted(all, "program"))
	case len(untried) > 0:
		item.Title = fmt.Sprintf("%d of %s untried", len(untried), counted(all, "program"))
	default:
		item.Status, item.Title = "ok", "All programs ended well when run last"
	}
	return item
}

// lastRun is the newest run of a program; nil when it has not run. The newest come first.
func lastRun(runs []operate.HookRun, list string, number int) *operate.HookRun {
	for n := range runs {
		if runs[n].List == list && runs[n].Number == number {
			return &runs[n]
		}
	}
	return nil
}

func rehearsalReady(days []operate.GameDay) ReadinessItem {
	for _, d := range days {
		if d.Error == "" {
			return ReadinessItem{Name: "rehearsal", Status: "ok", Title: "A failure was rehearsed", More: []string{fmt.Sprintf("The last time on %s, in %s.", d.Begun.UTC().Format(time.DateOnly), d.Alias)}}
		}
	}
	return ReadinessItem{Name: "rehearsal", Status: "warn", Title: "No failure was rehearsed yet", More: []string{"A game day shuts one server down on purpose, where its cluster is marked for that."}}
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func refuses(servers int) string {
	if servers == 1 {
		return "refuses to be looked at"
	}
	return "refuse to be looked at"
}
