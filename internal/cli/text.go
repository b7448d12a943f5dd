package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// textLines is a value as lines of text. The lines of instances, clusters, topologies, tags, analyses and answers are
// a published format.
func textLines(value any) ([]string, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []string:
		return v, nil
	case int64:
		return []string{strconv.FormatInt(v, 10)}, nil
	case topology.Key:
		if !v.IsValid() {
			return nil, nil
		}
		return []string{v.String()}, nil
	case []topology.Key:
		return eachLine(v, topology.Key.String), nil
	case operate.Instance:
		return []string{v.Key.String()}, nil
	case operate.Instances:
		return eachLine(v.List, func(i *topology.Instance) string { return i.Key.String() }), nil
	case operate.Placed:
		return []string{v.Key.String() + "<" + v.Below.String()}, nil
	case operate.PlacedAll:
		return eachLine(v.List, func(i *topology.Instance) string {
			if v.Pairs {
				return i.Key.String() + "<" + v.Below.String()
			}
			return i.Key.String()
		}), nil
	case operate.Located:
		return []string{v.At.String() + ":" + v.Text}, nil
	case operate.Regrouped:
		return []string{v.Key.String(), v.Outcome}, nil
	case operate.Drawing:
		if v == "" {
			return nil, nil
		}
		return strings.Split(string(v), "\n"), nil
	case operate.Cluster:
		return []string{clusterLine(v)}, nil
	case []operate.Cluster:
		return eachLine(v, clusterLine), nil
	case operate.Findings:
		return findingLines(v), nil
	case operate.Settled:
		return []string{string(v)}, nil
	case operate.Quiet:
		return nil, nil
	case operate.Told:
		return []string{string(v)}, nil
	}
	return recordLines(value)
}

func recordLines(value any) ([]string, error) {
	switch v := value.(type) {
	case operate.TagList:
		return eachLine(v, topology.Tag.String), nil
	case operate.Maintained:
		if !v.Yes {
			return nil, nil
		}
		return []string{v.Key.String()}, nil
	case operate.Acknowledged:
		return []string{fmt.Sprintf("%d recoveries acknowledged", v.Count)}, nil
	case operate.Recoveries:
		return []string{switchLine(v)}, nil
	case operate.Imported:
		lines := []string{"imported " + v.From}
		for _, table := range slices.Sorted(maps.Keys(v.Rows)) {
			lines = append(lines, tabbed(table, strconv.Itoa(v.Rows[table])))
		}
		return lines, nil
	case operate.Filters:
		return []string{
			"RecoverMasterClusterFilters: " + strings.Join(v.RecoverMasterClusterFilters, ", "),
			"RecoverIntermediateMasterClusterFilters: " + strings.Join(v.RecoverIntermediateMasterClusterFilters, ", "),
			"RecoveryIgnoreHostnameFilters: " + strings.Join(v.RecoveryIgnoreHostnameFilters, ", "),
		}, nil
	case []topology.Maintenance:
		return eachLine(v, func(m topology.Maintenance) string { return tabbed(moment(m.Begin), m.Key.String(), m.Owner, m.Reason) }), nil
	case operate.Takeover:
		return takeoverLines(v), nil
	case operate.Plan:
		return strings.Split(strings.TrimRight(v.String(), "\n"), "\n"), nil
	case operate.Explanation:
		return strings.Split(strings.TrimRight(v.String(), "\n"), "\n"), nil
	case []operate.Recovery:
		return eachLine(v, recoveryLine), nil
	case []operate.RecoveryStep:
		return eachLine(v, func(s operate.RecoveryStep) string { return tabbed(moment(s.At), s.Message) }), nil
	case []operate.Blocked:
		return eachLine(v, func(b operate.Blocked) string {
			text := "blocked by recovery " + strconv.FormatInt(b.BlockingRecovery, 10)
			if !b.Until.IsZero() {
				text += " until " + moment(b.Until)
			}
			return tabbed(moment(b.Last), b.Key.String(), b.Cluster, string(b.Code), text)
		}), nil
	case []operate.ClusterSwitch:
		return eachLine(v, func(c operate.ClusterSwitch) string {
			return tabbed(c.Cluster, "off until "+moment(c.End), c.Owner, c.Reason)
		}), nil
	case []operate.ExtraTransactions:
		return eachLine(v, extraLine), nil
	case []operate.AuditEntry:
		return eachLine(v, func(a operate.AuditEntry) string {
			return tabbed(moment(a.At), a.Kind, keyOrDash(a.Key), a.Message)
		}), nil
	case []operate.AnalysisHistory:
		return historyLines(v), nil
	case []operate.Candidate:
		return eachLine(v, func(c operate.Candidate) string { return c.Key.String() + " " + c.Rule.String() }), nil
	case []operate.PoolMember:
		return eachLine(v, func(m operate.PoolMember) string { return tabbed(m.Cluster, m.Alias, m.Pool, m.Key.String()) }), nil
	case []operate.KeyValue:
		return eachLine(v, func(p operate.KeyValue) string { return p.Key + ":" + p.Value }), nil
	}
	return nil, fmt.Errorf("no text form is known for %T", value)
}

func extraLine(x operate.ExtraTransactions) string {
	whole := "complete"
	if len(x.Gaps) > 0 {
		whole = "NOT complete: " + strings.Join(x.Gaps, "; ")
	}
	return tabbed(moment(x.At), x.Server.String(), x.GTIDs, strconv.Itoa(x.Count)+" transactions", x.Node+":"+x.File, whole)
}

func eachLine[T any](list []T, line func(T) string) []string {
	lines := make([]string, len(list))
	for i, v := range list {
		lines[i] = line(v)
	}
	return lines
}

func tabbed(cells ...string) string { return strings.Join(cells, "\t") }

func clusterLine(c operate.Cluster) string { return tabbed(c.Name, c.Alias) }

// findingLines leaves out what a downtime excuses.
func findingLines(list operate.Findings) []string {
	var lines []string
	for i := range list {
		if f := &list[i]; !f.SkippableDueToDowntime {
			lines = append(lines, fmt.Sprintf("%s (cluster %s): %s", f.Key, f.ClusterName, f.Text()))
		}
	}
	return lines
}

func switchLine(r operate.Recoveries) string {
	switch {
	case !r.Changed:
		return fmt.Sprintf("OK: Global recoveries disabled: %t", r.Disabled)
	case r.Disabled && !r.Until.IsZero():
		return "OK: Orchestrator recoveries DISABLED globally until " + r.Until.UTC().Format(time.RFC3339)
	case r.Disabled:
		return "OK: Orchestrator recoveries DISABLED globally"
	}
	return "OK: Orchestrator recoveries ENABLED globally"
}

// takeoverLines are the successor and, as a command wants it, where its own log stood when it was opened.
func takeoverLines(t operate.Takeover) []string {
	lines := []string{t.SuccessorKey.String()}
	if at := t.SuccessorCoordinates; t.Located && at != nil {
		lines = append(lines, at.String())
	}
	return lines
}

func recoveryLine(r operate.Recovery) string {
	outcome := "running"
	switch {
	case r.Detection:
		outcome = "detected"
	case r.IsSuccessful:
		outcome = "successful"
	case !r.End.IsZero():
		outcome = "failed"
	}
	return tabbed(moment(r.Start), r.UID, r.Finding.Key.String(), string(r.Finding.Code), outcome, keyOrDash(r.SuccessorKey))
}

func historyLines(list []operate.AnalysisHistory) []string {
	var lines []string
	for _, h := range list {
		for _, c := range h.Changes {
			lines = append(lines, tabbed(moment(c.At), h.Key.String(), c.Text))
		}
	}
	return lines
}

func keyOrDash(k topology.Key) string {
	if k.Hostname == "" {
		return "-"
	}
	return k.String()
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.DateTime)
}
