package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// row is a line of the table: the rounds of one kind with one family.
type row struct {
	servers, kind string
	rounds        int
	outages       []time.Duration
	follows       []time.Duration
	takenBack     []time.Duration
	rebuilt       int
	bothOpen      []time.Duration
	ownSide       []time.Duration
	ownAcked      int
	secondWriter  int // rounds in which another server took writes
	acknowledged  int
	lost          int
	failed        int
}

// rows sums the rounds up by kind.
func (s *series) rows() []row {
	var rows []row
	for _, kind := range []string{kill, freeze, cut, cutClient} {
		r := row{servers: fmt.Sprintf("%d × %s", s.o.nodes, s.flavor), kind: kind}
		if s.cluster != nil {
			r.servers += " " + s.cluster.Family().Version
		}
		lost := map[int64]bool{}
		for _, x := range s.results {
			if x.kind != kind {
				continue
			}
			r.rounds++
			if x.unfinished {
				r.failed++
				continue
			}
			r.outages, r.follows = append(r.outages, x.outage), append(r.follows, x.follow)
			r.takenBack = append(r.takenBack, x.takenBack)
			if x.rebuilt {
				r.rebuilt++
			}
			r.bothOpen, r.ownSide = append(r.bothOpen, x.bothOpen), append(r.ownSide, x.ownSide)
			r.ownAcked += x.ownAcked
			r.acknowledged += x.acknowledged
			if len(x.strangers) > 0 || x.bothAcked > 0 {
				r.secondWriter++
			}
			for _, id := range x.lost {
				lost[id] = true
			}
		}
		r.lost = len(lost)
		if r.rounds > 0 {
			rows = append(rows, r)
		}
	}
	return rows
}

func printTable(to io.Writer, o options, rows []row) {
	fmt.Fprintf(to, "Seed %d.\n\n", o.seed)
	fmt.Fprintln(to, "| servers | primary | rounds | writes back: median | most | all follow: median | most | taken back by itself | after: median | of these rebuilt | rounds with a second writer | open on return: most | own side open while cut: median | most | acknowledged there | rows acknowledged | rows lost | unfinished |")
	fmt.Fprintln(to, "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, r := range rows {
		own := []string{"–", "–", "–"}
		if r.kind == cut || r.kind == cutClient {
			own = []string{quantile(r.ownSide, 0.5), quantile(r.ownSide, 1), fmt.Sprint(r.ownAcked)}
		}
		fmt.Fprintf(to, "| %s | %s | %d | %s | %s | %s | %s | %d | %s | %d | %d | %s | %s | %s | %s | %d | %d | %d |\n",
			r.servers, r.kind, r.rounds, quantile(r.outages, 0.5), quantile(r.outages, 1), quantile(r.follows, 0.5), quantile(r.follows, 1),
			len(r.takenBack), quantile(r.takenBack, 0.5), r.rebuilt, r.secondWriter, quantile(r.bothOpen, 1), own[0], own[1], own[2],
			r.acknowledged, r.lost, r.failed)
	}
}

// quantile is the value below which the share q of the sample lies.
func quantile(sample []time.Duration, q float64) string {
	if len(sample) == 0 {
		return "–"
	}
	sorted := slices.Sorted(slices.Values(sample))
	return round(sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]).String()
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
