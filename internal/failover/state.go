package failover

import (
	"fmt"
	"time"

	"orchestrator/internal/topology"
)

// State is what decides about a recovery beside the servers and the settings.
type State struct {
	Now            time.Time
	Leader         bool   // this node acts
	Elsewhere      string // who acts instead of this node; empty when nobody is known to
	Leaderless     bool   // nobody leads: there is no quorum of managers, or they are electing
	Complete       bool   // the cluster has been seen as a whole since the program began
	GlobalDisabled bool   // disable-global-recoveries

	SwitchedOff *SwitchedOff // disable-cluster-recoveries, or disable-global-recoveries with an end; nil where they are on

	OutsideGroup *OutsideGroup // nil where no group goes on without the server

	Blocking   *Blocking // the recovery that keeps another one from beginning; nil when none does
	GraceUntil time.Time // until then a dead primary is only detected
}

// SwitchedOff says that automatic recoveries are switched off for a time.
type SwitchedOff struct {
	Cluster       string // empty: of all clusters
	Owner, Reason string
	Until         time.Time
}

// String is the switch in a sentence.
func (s SwitchedOff) String() string {
	of := "recoveries of cluster " + s.Cluster
	if s.Cluster == "" {
		of = "recoveries of all clusters"
	}
	return fmt.Sprintf("%s are switched off by %s until %s: %s", of, s.Owner, s.Until.UTC().Format(time.RFC3339), s.Reason)
}

// OutsideGroup says that a server takes no part in the replication group that it is set up for, and that another one does.
type OutsideGroup struct {
	Server, Member topology.Key
	Group          string
}

// String says why neither the server nor a replica of it is opened for writing.
func (o OutsideGroup) String() string {
	return fmt.Sprintf("%s stands outside replication group %s, of which %s is a member: who takes writes is the group's matter", o.Server, o.Group, o.Member)
}

// Blocking is a recovery that is running or recent.
type Blocking struct {
	ID      int64     `json:"id,omitempty"`
	UID     string    `json:"uid,omitempty"`
	Running bool      `json:"running,omitempty"`
	Until   time.Time `json:"until,omitzero"` // the end of its active period; zero while it runs
	// Promotion says that it made another server the primary. One that did not gives way to one that does.
	Promotion bool `json:"promotion,omitempty"`
}

// inBrackets is the number of the recovery, for those who look for its record; unique names are no reading.
func (b *Blocking) inBrackets() string {
	if b.ID == 0 {
		return ""
	}
	return fmt.Sprintf(" (recovery %d)", b.ID)
}
