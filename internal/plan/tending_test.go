package plan

import (
	"testing"

	"orchestrator/internal/topology"
)

func TestActionsOnOneServerPrint(t *testing.T) {
	at := topology.Coordinates{LogFile: "binlog.000003", LogPos: 157}
	for want, a := range map[string]Action{
		"stop applying (SQL thread)":                                 {Verb: StopApplying},
		"start applying (SQL thread)":                                {Verb: StartApplying},
		"see that it replicates":                                     {Verb: AwaitReplicating},
		"apply up to binlog.000003:157":                              {Verb: AwaitPosition, At: at},
		"reattach to its source":                                     {Verb: ReattachSource},
		"delay replication by 60 s":                                  {Verb: SetDelay, Number: 60},
		"find its place by GTID":                                     {Verb: UseGTID, Place: ByMariaDBGTID},
		"find its place by file and position":                        {Verb: UsePosition},
		"set its replication credentials":                            {Verb: SetCredentials},
		"skip the failing transaction (an empty one under its GTID)": {Verb: SkipStatement, Place: ByOracleGTID},
		"skip one event group (skip counter)":                        {Verb: SkipStatement},
		"begin a new binary log":                                     {Verb: FlushLogs},
		"begin new binary logs up to binlog.000003":                  {Verb: FlushLogs, At: at},
		"delete the binary logs before binlog.000003":                {Verb: PurgeLogs, At: at},
		"end the statement of connection 7":                          {Verb: KillQuery, Number: 7},
		"shut the server down":                                       {Verb: ShutDown},
		"kill the server's process (SIGKILL)":                        {Verb: KillProcess},
		"freeze the server's process (SIGSTOP)":                      {Verb: FreezeProcess},
		"commit empty transactions for u:1-5":                        {Verb: InjectEmpty, Set: "u:1-5"},
		"delete the binary logs, and forget u:1-5":                   {Verb: ForgetErrant, Set: "u:1-5"},
		"replace ALL its data by those of a:1 (CLONE INSTANCE)":      {Verb: ReplaceData, Source: topology.Key{Hostname: "a", Port: 1}},
		"start anew with the data that have come":                    {Verb: AwaitReplaced},
		"see that it holds nothing that a:1 lacks":                   {Verb: HoldsNoMore, Source: topology.Key{Hostname: "a", Port: 1}},
	} {
		t.Run(want, func(t *testing.T) {
			if got := a.String(); got != want {
				t.Errorf("%q", got)
			}
		})
	}
}
