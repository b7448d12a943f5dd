//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"
)

// table prints the result as a Markdown table.
func (r *result) table() string {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "| %s | %s |\n", name, fmt.Sprintf(format, args...))
	}
	row("what", "measured")
	b.WriteString("| --- | ---: |\n")
	row("servers, clusters", "%d, %d", r.settings.fleet.Servers, r.clusters)
	row("all discovered after", "%s", seconds(r.discovery))
	row("servers asked within 5 s, mean", "%.2f %%", 100*r.askedMean)
	row("servers asked within 5 s, least", "%.2f %%", 100*r.askedLeast)
	row("intervals between two probes: median, 99 %, longest", "%s, %s, %s", seconds(r.intervals.Quantile(0.5)),
		seconds(r.intervals.Quantile(0.99)), seconds(r.intervals.Quantile(1)))
	row("manager: processors", "%.2f", r.cpu)
	row("manager: memory (RSS)", "%.0f MiB", float64(r.rss)/(1<<20))
	row("connections per server: mean, most", "%.2f, %d", r.perServer, r.mostPerServer)
	row("fleet and benchmark: processors", "%.2f", r.fleetCPU)
	if r.settings.kills > 0 {
		row(fmt.Sprintf("%d primaries killed: first named after", r.settings.kills), "%s", seconds(r.first))
		row("all named after", "%s", seconds(r.all))
		row("all said to be dead after", "%s", seconds(r.verdict))
		row("as", "%s", strings.Join(r.codes, ", "))
	}
	for _, t := range r.timings {
		row("/api/"+t.path+": median, longest, size", "%s, %s, %s", millis(t.median), millis(t.worst), size(t.bytes))
	}
	if len(r.unknown) > 0 {
		row("statements that the fleet did not understand", "%s", strings.ReplaceAll(strings.Join(r.unknown, "; "), "|", `\|`))
	}
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

func size(n int) string { return fmt.Sprintf("%.1f KiB", float64(n)/1024) }
