package analysis

import (
	"slices"
	"testing"
)

// publishedNames are the 31 failure codes and 10 structure warnings that scripts depend on.
var publishedNames = []Code{
	"NoProblem", "DeadMasterWithoutReplicas", "DeadMaster", "DeadMasterAndReplicas", "DeadMasterAndSomeReplicas",
	"UnreachableMasterWithLaggingReplicas", "UnreachableMaster", "LockedSemiSyncMaster",
	"LockedSemiSyncMasterHypothesis", "MasterWithTooManySemiSyncReplicas", "MasterWithoutReplicas",
	"MasterSingleReplicaNotReplicating", "MasterSingleReplicaDead", "AllMasterReplicasNotReplicating",
	"AllMasterReplicasNotReplicatingOrDead", "DeadCoMaster", "DeadCoMasterAndSomeReplicas", "UnreachableCoMaster",
	"AllCoMasterReplicasNotReplicating", "DeadIntermediateMasterWithSingleReplicaFailingToConnect",
	"DeadIntermediateMasterWithSingleReplica", "DeadIntermediateMaster", "DeadIntermediateMasterAndSomeReplicas",
	"DeadIntermediateMasterAndReplicas", "UnreachableIntermediateMasterWithLaggingReplicas",
	"UnreachableIntermediateMaster", "AllIntermediateMasterReplicasFailingToConnectOrDead",
	"AllIntermediateMasterReplicasNotReplicating", "BinlogServerFailingToConnectToMaster",
	"FirstTierReplicaFailingToConnectToMaster", "DeadReplicationGroupMemberWithReplicas",

	"StatementAndMixedLoggingReplicasStructureWarning", "StatementAndRowLoggingReplicasStructureWarning",
	"MixedAndRowLoggingReplicasStructureWarning", "MultipleMajorVersionsLoggingReplicasStructureWarning",
	"NoLoggingReplicasStructureWarning", "DifferentGTIDModesStructureWarning", "ErrantGTIDStructureWarning",
	"NoFailoverSupportStructureWarning", "NoWriteableMasterStructureWarning",
	"NotEnoughValidSemiSyncReplicasStructureWarning",
}

func TestPublishedNames(t *testing.T) {
	have := slices.Concat(FailureCodes(), StructureCodes())
	slices.Sort(have)
	want := slices.Clone(publishedNames)
	slices.Sort(want)
	if len(want) != 41 || !slices.Equal(have, want) {
		t.Errorf("have %v\nwant %v", have, want)
	}
}

func TestEveryCodeIsOneCodeAndDescribed(t *testing.T) {
	all := slices.Concat(FailureCodes(), StructureCodes(), AdditionalCodes())
	texts := make(map[string]Code)
	for n, c := range all {
		if slices.Contains(all[:n], c) {
			t.Errorf("%s stands twice in the lists", c)
		}
		text := Describe(c)
		if (text == "") != (c == NoProblem) {
			t.Errorf("%s is described as %q", c, text)
		}
		if other, double := texts[text]; double {
			t.Errorf("%s and %s share a description", c, other)
		}
		texts[text] = c
	}
	if len(descriptions) != len(all)-1 {
		t.Errorf("%d descriptions for %d codes", len(descriptions), len(all))
	}
	if Describe("Nonsense") != "" {
		t.Error("an unknown code is described")
	}
}

func TestHandling(t *testing.T) {
	want := map[Code]Recovery{
		"DeadMaster": RecoverPrimary, "DeadMasterAndSomeReplicas": RecoverPrimary,
		"LockedSemiSyncMaster": RecoverSemiSync, "MasterWithTooManySemiSyncReplicas": RecoverSemiSync,
		"NoWriteableMasterStructureWarning": RecoverNonWriteable,
		"DeadCoMaster":                      RecoverCoPrimary, "DeadCoMasterAndSomeReplicas": RecoverCoPrimary,
		"DeadIntermediateMasterWithSingleReplicaFailingToConnect": RecoverIntermediate,
		"DeadIntermediateMaster":                                  RecoverIntermediate, "DeadIntermediateMasterAndSomeReplicas": RecoverIntermediate,
		"AllIntermediateMasterReplicasFailingToConnectOrDead": RecoverIntermediate,
		"DeadReplicationGroupMemberWithReplicas":              RecoverGroupMember,
		"DeadMasterAndReplicas":                               DetectOnly, "DeadIntermediateMasterAndReplicas": DetectOnly,
		"UnreachableMaster": DetectOnly, "UnreachableMasterWithLaggingReplicas": DetectOnly,
		"AllMasterReplicasNotReplicating": DetectOnly, "AllMasterReplicasNotReplicatingOrDead": DetectOnly,
		"UnreachableIntermediateMasterWithLaggingReplicas": DetectOnly,
	}
	for _, c := range CannotWriteCodes() {
		want[c] = RecoverUnwritable
	}
	for _, c := range slices.Concat(publishedNames, AdditionalCodes()) {
		h := HandlingOf(c)
		if h.Recovery != want[c] {
			t.Errorf("%s: recovery %d, want %d", c, h.Recovery, want[c])
		}
		if h.Detected() != (want[c] != NoRecovery) || h.Actionable() != (want[c] > DetectOnly) {
			t.Errorf("%s: detected %v, actionable %v", c, h.Detected(), h.Actionable())
		}
		if Actionable(c) != h.Actionable() {
			t.Errorf("%s: Actionable disagrees with its handling", c)
		}
	}
}

func TestHandlingInGrace(t *testing.T) {
	for _, c := range publishedNames {
		got := HandlingOf(c).InGrace()
		switch c {
		case DeadPrimary, DeadPrimaryAndSomeReplicas, LockedSemiSyncPrimary:
			if got.Actionable() || !got.Detected() {
				t.Errorf("%s in grace: %+v, want detection only", c, got)
			}
		default:
			if got != HandlingOf(c) {
				t.Errorf("%s in grace: %+v, want it unchanged", c, got)
			}
		}
	}
}

func TestEmergencies(t *testing.T) {
	want := map[Code][]Emergency{
		UnreachablePrimary:                 {ReprobeServer, ReprobeReplicas},
		DeadPrimaryAndReplicas:             {ReprobeServer, ReprobeReplicas},
		LockedSemiSyncPrimaryHypothesis:    {ReprobeServer, RecordStale},
		UnreachablePrimaryWithLagging:      {RestartReceivers},
		UnreachableIntermediateWithLagging: {RestartReceivers},
		AllPrimaryReplicasNotReplicating:   {ReprobeServer},
		AllPrimaryReplicasStoppedOrDead:    {ReprobeServer},
		FirstTierReplicaFailingToConnect:   {ReprobeSource},

		HungPrimary:                     {ReprobeServer, ReprobeReplicas},
		HungIntermediate:                {ReprobeServer, ReprobeReplicas},
		ReplicasStillReceiving:          {ReprobeServer, ReprobeReplicas},
		DeadCoPrimaryAndReplicas:        {ReprobeServer, ReprobeReplicas},
		ProbingStopped:                  {ReprobeServer, ReprobeReplicas},
		UnreachableWithSilentReplicas:   {RestartReceivers},
		UnreachableCoPrimaryWithLagging: {RestartReceivers},
	}
	for _, c := range slices.Concat(publishedNames, AdditionalCodes()) {
		if got := EmergencyOf(c); !slices.Equal(got, want[c]) {
			t.Errorf("%s: %v, want %v", c, got, want[c])
		}
	}
	for _, e := range []Emergency{ReprobeServer, ReprobeReplicas, ReprobeSource, RestartReceivers, RecordStale} {
		if e.ChangesServers() != (e == RestartReceivers) {
			t.Errorf("emergency %d: changes servers %v", e, e.ChangesServers())
		}
	}
}
