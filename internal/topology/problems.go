package topology

import "time"

// The problems that the problems list and the page show for a single server. They are independent of the analysis.
const (
	ProblemLastCheckInvalid   = "last_check_invalid"
	ProblemNotRecentlyChecked = "not_recently_checked"
	ProblemNotReplicating     = "not_replicating"
	ProblemReplicationLag     = "replication_lag"
	ProblemErrantGTID         = "errant_gtid"
	ProblemGroupMember        = "group_replication_member_not_online"
)

// Limits are the thresholds by which a single server is judged.
type Limits struct {
	Poll          time.Duration // InstancePollSeconds
	ReasonableLag time.Duration // ReasonableReplicationLagSeconds
}

// Problems lists what is wrong with one server: at most one of the first four, then errant transactions, then a
// group member that is not online.
func Problems(i *Instance, now time.Time, l Limits) []string {
	problems := []string{}
	switch {
	case !i.LastCheckValid():
		problems = append(problems, ProblemLastCheckInvalid)
	case !i.IsRecentlyChecked(now, l.Poll):
		problems = append(problems, ProblemNotRecentlyChecked)
	case i.IsReplica() && i.ThreadsExist() && !i.Replicating():
		problems = append(problems, ProblemNotReplicating)
	case i.IsReplica() && i.Lag.Known && abs(i.Lag.N-i.Channel.SQLDelay) > int64(l.ReasonableLag/time.Second):
		problems = append(problems, ProblemReplicationLag)
	}
	if i.OpenErrant() != "" {
		problems = append(problems, ProblemErrantGTID)
	}
	if i.Group.Name != "" && i.Group.MemberState != "ONLINE" {
		problems = append(problems, ProblemGroupMember)
	}
	return problems
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
