package plan

import (
	"testing"
	"time"
)

func TestActionsOfATakeoverPrint(t *testing.T) {
	for want, a := range map[string]Action{
		"read its replication credentials":                                   {Verb: ReadCredentials},
		"wait for statements that run longer than 5s":                        {Verb: AwaitWriters, After: 5 * time.Second},
		"wait for statements that run longer than 5s, and end them":          {Verb: AwaitWriters, After: 5 * time.Second, On: true},
		"stop taking writes (read_only=1)":                                   {Verb: ClosePrimary},
		"stop taking writes (super_read_only=1)":                             {Verb: ClosePrimary, Super: true},
		"apply everything that db1:3306 holds":                               {Verb: AwaitSource, Source: key("db1")},
		"replicate from its sibling db2:3306":                                {Verb: MoveBelow, Source: key("db2")},
		"apply everything that db1:3306 holds, then replicate from db2:3306": {Verb: FollowPromoted, Source: key("db2"), Former: key("db1")},
		"become a replica of db2:3306":                                       {Verb: BecomeReplica, Source: key("db2")},
	} {
		t.Run(want, func(t *testing.T) {
			if got := a.String(); got != want {
				t.Errorf("%q", got)
			}
		})
	}
}
