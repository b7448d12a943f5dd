package v2

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"orchestrator/internal/operate"
)

// From when on something about the managers needs attention.
const (
	clocksApart   = 500 * time.Millisecond
	certificateIn = 14 * 24 * time.Hour
	diskWarn      = 0.10
	diskCritical  = 0.02
)

// attention is what somebody should look at, the worst first, and what is as it should be.
func attention(is Nodes, told []operate.NodeReport, now time.Time) []AttentionPoint {
	var all []AttentionPoint
	names := map[string]string{}
	for _, n := range is.Nodes {
		names[n.ID] = n.Name
	}
	for _, points := range [][]AttentionPoint{
		aboutLeading(is), aboutMembers(is, told, names), aboutVersions(is), aboutClocks(is), aboutAddresses(is),
		aboutStores(told, names), aboutDisks(told, names), aboutCertificates(told, names, now), aboutSnapshots(is, told, names),
	} {
		all = append(all, points...)
	}
	rank := func(p AttentionPoint) int { return slices.Index([]string{"crit", "warn", "info", "ok"}, p.Status) }
	slices.SortStableFunc(all, func(a, b AttentionPoint) int { return rank(a) - rank(b) })
	return all
}

func aboutLeading(is Nodes) (list []AttentionPoint) {
	if !is.Healthy {
		list = append(list, AttentionPoint{Status: "crit", Text: "This node is not well", More: is.Error})
	}
	switch v := is.Votes; {
	case is.Leader == "":
		list = append(list, AttentionPoint{Status: "crit", Text: "Nobody leads", More: "nothing would be failed over"})
	case is.Mode == "alone" || v != nil && v.All == 1:
		list = append(list, AttentionPoint{Status: "info", Text: "There is one manager", More: "if it stops, nobody fails over; three survive the loss of one"})
	case v != nil && v.Here == v.Needed:
		list = append(list, AttentionPoint{Status: "warn", Text: "No manager may fail", More: fmt.Sprintf("%d of %d votes are here, and all of them are needed", v.Here, v.All)})
	case v != nil && v.All%2 == 0:
		list = append(list, AttentionPoint{Status: "info", Text: fmt.Sprintf("%d managers vote", v.All), More: fmt.Sprintf("they survive no more failures than %d", v.All-1)})
	}
	return list
}

func aboutMembers(is Nodes, told []operate.NodeReport, names map[string]string) (list []AttentionPoint) {
	here := map[string]bool{}
	for _, n := range is.Nodes {
		here[n.ID] = n.Here
		switch {
		case !n.Here:
			p := AttentionPoint{Status: "crit", Text: n.Name + " gives no sign of life", More: "look at its machine and its log; if it will not come back, replace it", At: n.LastSeen}
			if is.Mode == "lease" {
				p.More = "it did not end in order: look at its machine and its log; it is missed for an hour"
			}
			list = append(list, p)
		case n.Failing:
			list = append(list, AttentionPoint{Status: "crit", Text: "The backend of " + n.Name + " fails", More: "it stands still until its database works, and cannot lead"})
		}
	}
	for _, r := range told {
		if r.Err != nil && here[r.Node] {
			list = append(list, AttentionPoint{Status: "info", Text: names[r.Node] + " tells nothing of itself", More: r.Err.Error()})
		}
	}
	return list
}

// versionsOf are the versions that run, with the names of the nodes: the most common first, of two the newer.
func versionsOf(nodes []Node) (versions []string, by map[string][]string) {
	by = map[string][]string{}
	for _, n := range nodes {
		if n.Version != "" {
			by[n.Version] = append(by[n.Version], n.Name)
		}
	}
	return slices.SortedFunc(maps.Keys(by), func(a, b string) int {
		if d := len(by[b]) - len(by[a]); d != 0 {
			return d
		}
		return strings.Compare(b, a)
	}), by
}

// aboutVersions names the nodes that run another version than most.
func aboutVersions(is Nodes) []AttentionPoint {
	versions, by := versionsOf(is.Nodes)
	if len(versions) == 0 || len(is.Nodes) == 1 {
		return nil
	}
	if len(versions) == 1 {
		return []AttentionPoint{{Status: "ok", Text: "All have the same version", More: versions[0]}}
	}
	var list []AttentionPoint
	for _, other := range versions[1:] {
		list = append(list, AttentionPoint{
			Status: "warn", Text: fmt.Sprintf("%s has the version %s, most have %s", strings.Join(by[other], " and "), other, versions[0]),
			More: "bring all to the same one; mixed versions are fine for the time of an upgrade",
		})
	}
	return list
}

func aboutClocks(is Nodes) []AttentionPoint {
	var most time.Duration
	var name string
	known := false
	for _, n := range is.Nodes {
		if n.ClockAhead == nil || !n.Here {
			continue
		}
		known = true
		if ahead := time.Duration(*n.ClockAhead * float64(time.Millisecond)); ahead.Abs() >= most.Abs() {
			most, name = ahead, n.Name
		}
	}
	if !known {
		return nil
	}
	p := AttentionPoint{Status: "ok", Text: "The clocks agree", More: fmt.Sprintf("that of %s differs by %s from that of %s", name, rounded(most.Abs()), is.Self)}
	if most.Abs() >= clocksApart {
		side := "ahead of"
		if most < 0 {
			side = "behind"
		}
		p = AttentionPoint{
			Status: "warn", Text: fmt.Sprintf("The clock of %s is %s %s that of %s", name, rounded(most.Abs()), side, is.Self),
			More: "who leads does not depend on it; what is on record has wrong times: set the clocks by NTP",
		}
	}
	return []AttentionPoint{p}
}

// rounded is a duration for people.
func rounded(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return "less than 1 ms"
}

func aboutAddresses(is Nodes) []AttentionPoint {
	if is.Mode != "raft" {
		return nil
	}
	p := AttentionPoint{Status: "ok", Text: "Addresses are resolved at every connection", More: "none has changed since this node began"}
	for _, n := range is.Nodes {
		if n.MovedAt != nil && (p.At == nil || n.MovedAt.After(*p.At)) {
			p.At, p.More = n.MovedAt, fmt.Sprintf("%s has moved, from %s to %s", n.Name, n.MovedFrom, n.Address)
		}
	}
	return []AttentionPoint{p}
}

// aboutStores says which nodes do not reach the key-value stores.
func aboutStores(told []operate.NodeReport, names map[string]string) (list []AttentionPoint) {
	reached := map[string]int{}
	for _, r := range told {
		for _, s := range r.Facts.Stores {
			if s.Problem == "" {
				reached[s.Store]++
				continue
			}
			reached[s.Store] += 0
			list = append(list, AttentionPoint{Status: "warn", Text: fmt.Sprintf("%s does not reach %s", calledIn(names, r.Node), s.Store), More: s.Problem, At: when(s.Since)})
		}
	}
	if len(list) == 0 && len(reached) > 0 {
		list = append(list, AttentionPoint{Status: "ok", Text: "No manager has trouble with " + strings.Join(slices.Sorted(maps.Keys(reached)), ", "), More: "where the primaries are published"})
	}
	return list
}

func calledIn(names map[string]string, id string) string {
	if name := names[id]; name != "" {
		return name
	}
	return id
}

func aboutDisks(told []operate.NodeReport, names map[string]string) (list []AttentionPoint) {
	least, at := 2.0, ""
	for _, r := range told {
		d := r.Facts.Disk
		if d.Total == 0 {
			continue
		}
		free := float64(d.Free) / float64(d.Total)
		p := AttentionPoint{Status: "warn", Text: fmt.Sprintf("The disk of %s has %.0f %% left", calledIn(names, r.Node), 100*free), More: d.Path + ": a manager that cannot write stands still"}
		if free < diskCritical {
			p.Status = "crit"
		}
		if free < diskWarn {
			list = append(list, p)
		}
		if free < least {
			least, at = free, calledIn(names, r.Node)
		}
	}
	if len(list) == 0 && at != "" {
		list = append(list, AttentionPoint{Status: "ok", Text: "The disks have room", More: fmt.Sprintf("the least is %.0f %%, on %s", 100*least, at)})
	}
	return list
}

func aboutCertificates(told []operate.NodeReport, names map[string]string, now time.Time) (list []AttentionPoint) {
	var first AttentionPoint
	for _, r := range told {
		for _, c := range r.Facts.Certificates {
			end := c.End
			p := AttentionPoint{At: &end, More: c.Key + " of " + calledIn(names, r.Node)}
			switch left := end.Sub(now); {
			case left <= 0:
				p.Status, p.Text = "crit", "A certificate has ended"
			case left < certificateIn:
				p.Status, p.Text = "warn", fmt.Sprintf("A certificate ends in %d days", int(left/(24*time.Hour)))
			default:
				if first.At == nil || end.Before(*first.At) {
					first = p
				}
				continue
			}
			list = append(list, p)
		}
	}
	if len(list) == 0 && first.At != nil {
		first.Status, first.Text, first.More = "ok", "The certificates are valid", "the first that ends is "+first.More
		list = append(list, first)
	}
	return list
}

func aboutSnapshots(is Nodes, told []operate.NodeReport, names map[string]string) []AttentionPoint {
	if is.Mode != "raft" {
		return nil
	}
	p := AttentionPoint{Status: "ok", Text: "No snapshot was taken yet", More: "one is taken when the log has become long"}
	for _, r := range told {
		if at := r.Facts.Snapshot; !at.IsZero() && (p.At == nil || at.After(*p.At)) {
			p = AttentionPoint{Status: "ok", Text: "Snapshots are taken", More: fmt.Sprintf("the newest, of %s, on %s", bytesText(r.Facts.SnapshotSize), calledIn(names, r.Node)), At: when(at)}
		}
	}
	return []AttentionPoint{p}
}

// bytesText is a size for people.
func bytesText(n int64) string {
	switch {
	case n >= 1_000_000:
		return fmt.Sprintf("%.1f MB", float64(n)/1_000_000)
	case n >= 1000:
		return fmt.Sprintf("%d kB", n/1000)
	}
	return fmt.Sprintf("%d bytes", n)
}
