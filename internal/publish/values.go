package publish

import (
	"strconv"
	"strings"

	"orchestrator/internal/topology"
)

// Values are the facts of a detection or recovery, as hooks are told them.
type Values struct {
	FailureType        string // the code of the analysis, DeadMaster for instance
	InstanceType       string // master, co-master, intermediate-master or group-member
	IsPrimary          bool
	IsCoPrimary        bool
	FailureDescription string
	Command            string // the command that asked for the recovery; empty for an automatic one

	Failed         topology.Key
	FailureCluster string // the name of the cluster
	ClusterAlias   string
	ClusterDomain  string
	CountReplicas  int
	ReplicaHosts   []topology.Key
	IsDowntimed    bool // the failed server is in downtime

	AutoPrimaryRecovery      bool // the cluster matches the filters for the recovery of primaries
	AutoIntermediateRecovery bool // the cluster matches the filters for the recovery of intermediate sources

	OrchestratorHost string // this node
	RecoveryUID      string
	LostReplicas     []topology.Key

	// Successor is the promoted server. While it is the zero Key, the recovery counts as not successful, the
	// successor's placeholders stay in the text as they are and its variables are not set.
	Successor topology.Key
	// SuccessorBinlogCoordinates are where the successor began to accept writes. While they are empty, their
	// placeholder stays and their variable is not set.
	SuccessorBinlogCoordinates topology.Coordinates
	SuccessorAlias             string

	// Donor is whose data replace those of the failed server, for hooks that rebuild it; otherwise the zero Key.
	Donor topology.Key
}

// fact is one of Values under the names by which hooks know it. Some have no variable of their own.
type fact struct {
	variable     string
	placeholders []string
	value        string
}

// facts lists everything that hooks may be told, what is not known left out.
func (v Values) facts() []fact {
	replicas, lost := topology.JoinKeys(v.ReplicaHosts), topology.JoinKeys(v.LostReplicas)
	list := []fact{
		{"ORC_FAILURE_TYPE", []string{"{failureType}"}, v.FailureType},
		{"ORC_INSTANCE_TYPE", []string{"{instanceType}"}, v.InstanceType},
		{"ORC_IS_MASTER", []string{"{isMaster}"}, strconv.FormatBool(v.IsPrimary)},
		{"ORC_IS_CO_MASTER", []string{"{isCoMaster}"}, strconv.FormatBool(v.IsCoPrimary)},
		{"ORC_FAILURE_DESCRIPTION", []string{"{failureDescription}"}, v.FailureDescription},
		{"ORC_COMMAND", []string{"{command}"}, v.Command},
		{"ORC_FAILED_HOST", []string{"{failedHost}"}, v.Failed.Hostname},
		{"ORC_FAILED_PORT", []string{"{failedPort}"}, strconv.Itoa(v.Failed.Port)},
		{"ORC_FAILURE_CLUSTER", []string{"{failureCluster}"}, v.FailureCluster},
		{"ORC_FAILURE_CLUSTER_ALIAS", []string{"{failureClusterAlias}"}, v.ClusterAlias},
		{"ORC_FAILURE_CLUSTER_DOMAIN", []string{"{failureClusterDomain}"}, v.ClusterDomain},
		{"ORC_COUNT_REPLICAS", []string{"{countReplicas}", "{countSlaves}"}, strconv.Itoa(v.CountReplicas)},
		{"ORC_REPLICA_HOSTS", []string{"{replicaHosts}", "{slaveHosts}"}, replicas},
		{"ORC_IS_DOWNTIMED", []string{"{isDowntimed}"}, strconv.FormatBool(v.IsDowntimed)},
		{"ORC_AUTO_MASTER_RECOVERY", []string{"{autoMasterRecovery}"}, strconv.FormatBool(v.AutoPrimaryRecovery)},
		{"ORC_AUTO_INTERMEDIATE_MASTER_RECOVERY", []string{"{autoIntermediateMasterRecovery}"},
			strconv.FormatBool(v.AutoIntermediateRecovery)},
		{"ORC_ORCHESTRATOR_HOST", []string{"{orchestratorHost}"}, v.OrchestratorHost},
		{"ORC_RECOVERY_UID", []string{"{recoveryUID}"}, v.RecoveryUID},
		{"ORC_IS_SUCCESSFUL", []string{"{isSuccessful}"}, strconv.FormatBool(!v.Successor.IsZero())},
		{"ORC_LOST_REPLICAS", []string{"{lostReplicas}", "{lostSlaves}"}, lost},
		{"ORC_COUNT_LOST_REPLICAS", []string{"{countLostReplicas}"}, strconv.Itoa(len(v.LostReplicas))},
	}
	if !v.Donor.IsZero() {
		list = append(list,
			fact{"ORC_DONOR_HOST", []string{"{donorHost}"}, v.Donor.Hostname},
			fact{"ORC_DONOR_PORT", []string{"{donorPort}"}, strconv.Itoa(v.Donor.Port)})
	}
	if v.Successor.IsZero() {
		return list
	}
	list = append(list,
		fact{"ORC_SUCCESSOR_HOST", []string{"{successorHost}"}, v.Successor.Hostname},
		fact{"ORC_SUCCESSOR_PORT", []string{"{successorPort}"}, strconv.Itoa(v.Successor.Port)},
		fact{"ORC_SUCCESSOR_ALIAS", []string{"{successorAlias}"}, v.SuccessorAlias})
	if v.SuccessorBinlogCoordinates.IsEmpty() {
		return list
	}
	return append(list, fact{"ORC_SUCCESSOR_BINLOG_COORDINATES", []string{"{successorBinlogCoordinates}"},
		v.SuccessorBinlogCoordinates.String()})
}

// placeholders gives the value of every placeholder that has one.
func (v Values) placeholders() map[string]string {
	known := make(map[string]string)
	for _, f := range v.facts() {
		for _, p := range f.placeholders {
			known[p] = f.value
		}
	}
	return known
}

// environment gives the variables as `NAME=value`.
func (v Values) environment() []string {
	var env []string
	for _, f := range v.facts() {
		env = append(env, variable(f.variable, f.value))
	}
	return env
}

// maxVariable bounds a variable with its name. The kernel refuses to start a program when one is longer than 128 KiB,
// which the list of a few thousand replicas is.
const maxVariable = 127 << 10

// variable makes one entry of the environment. A value that is too long is cut after an element of its list; the
// placeholder of the same fact is not bounded.
func variable(name, value string) string {
	value = withoutNUL(value)
	if room := maxVariable - len(name) - 1; len(value) > room {
		value = value[:room]
		if i := strings.LastIndexByte(value, ','); i >= 0 {
			value = value[:i]
		}
	}
	return name + "=" + value
}

// withoutNUL takes out what can stand neither in a variable nor in shell text.
func withoutNUL(s string) string { return strings.ReplaceAll(s, "\x00", "") }

// inherited gives the parts of an environment that do not pretend to be ours: a variable that is not set for a hook
// must not come from elsewhere.
func inherited(environ []string) []string {
	var kept []string
	for _, entry := range environ {
		if !strings.HasPrefix(entry, "ORC_") {
			kept = append(kept, entry)
		}
	}
	return kept
}
