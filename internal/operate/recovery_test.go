package operate_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/operate"
	"orchestrator/internal/operate/operatetest"
	"orchestrator/internal/topology"
)

func TestRecoverAnswers(t *testing.T) {
	promoted := operatetest.Key("db-a2")
	broken := errors.New("db-a2: gone")
	for name, c := range map[string]struct {
		repair        operate.Repair
		err           error
		candidate     string
		message, fail string
		answer        bool
	}{
		"promoted":               {repair: operate.Repair{Attempted: true, Promoted: promoted}, message: "Recovery executed on db-a1:3306; promoted db-a2:3306"},
		"as wished":              {repair: operate.Repair{Attempted: true, Promoted: promoted}, candidate: "db-a2", message: "Recovery executed on db-a1:3306; promoted db-a2:3306"},
		"another than wished":    {repair: operate.Repair{Attempted: true, Promoted: promoted}, candidate: "db-a3", message: "Recovery executed on db-a1:3306; promoted db-a2:3306, not db-a3:3306"},
		"promoted with trouble":  {repair: operate.Repair{Attempted: true, Promoted: promoted}, err: broken, message: "Recovery executed on db-a1:3306; promoted db-a2:3306; not all went well: db-a2: gone"},
		"nobody promoted":        {repair: operate.Repair{Attempted: true}, fail: "Recovery attempted; no instance promoted"},
		"nobody promoted, why":   {repair: operate.Repair{Attempted: true}, err: broken, fail: "Recovery attempted; no instance promoted: db-a2: gone"},
		"nothing to do":          {fail: "Recovery not attempted", answer: true},
		"not called for":         {err: broken, repair: operate.Repair{UncalledFor: true}, fail: "Recovery not attempted: db-a2: gone", answer: true},
		"not attempted, and why": {err: broken, fail: "Recovery not attempted: db-a2: gone"},
	} {
		t.Run(name, func(t *testing.T) {
			b := operatetest.New()
			b.Repair, b.Fail = c.repair, c.err
			in := operate.Input{Values: map[operate.Param]string{operate.ParamInstance: "db-a1", operate.ParamDestination: c.candidate}}
			r, err := operate.NewRegistry().Command("recover").Call(context.Background(), b.Engine(), in)
			if c.fail == "" {
				if err != nil || r.Message != c.message || r.Value != promoted {
					t.Errorf("%+v, %v", r, err)
				}
				return
			}
			var failure *operate.Failure
			if !errors.As(err, &failure) || err.Error() != c.fail || failure.Answer != c.answer || failure.Details != operatetest.Key("db-a1") {
				t.Errorf("%+v", err)
			}
			if c.err != nil && !errors.Is(err, c.err) {
				t.Errorf("the cause is lost: %v", err)
			}
		})
	}
}

// TestAnalysisOfADeadPrimary takes the primary of the fleet away.
func TestAnalysisOfADeadPrimary(t *testing.T) {
	b := operatetest.New()
	var changed []*topology.Instance
	for _, i := range b.Fleet.Instances() {
		i = i.Clone()
		switch {
		case i.Key == operatetest.Key("db-a1"):
			i.Check.Seen, i.Check.Err = operatetest.Now().Add(-time.Minute), "connection refused"
		case i.Channel.Source == operatetest.Key("db-a1"):
			i.Channel.IOThread = topology.ThreadOther
			i.Channel.LastIOError = "error reconnecting to master"
		}
		changed = append(changed, i)
	}
	b.Fleet = topology.New(changed, b.Fleet.Names())
	for name, c := range map[string]struct {
		values map[operate.Param]string
		want   int
	}{
		"everything":      {nil, 1},
		"the cluster":     {map[operate.Param]string{operate.ParamClusterName: "orders"}, 1},
		"another cluster": {map[operate.Param]string{operate.ParamClusterName: "solo:3306"}, 0},
		"the server":      {map[operate.Param]string{operate.ParamInstance: "db-a1"}, 1},
		"another server":  {map[operate.Param]string{operate.ParamInstance: "db-a2"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := operate.NewRegistry().Command("replication-analysis").Call(context.Background(), b.Engine(), operate.Input{Values: c.values})
			if err != nil {
				t.Fatal(err)
			}
			dead := 0
			for _, f := range r.Value.(operate.Findings) {
				if strings.HasPrefix(string(f.Code), string(analysis.DeadPrimary)) && f.Key == operatetest.Key("db-a1") && f.AutomatedPrimaryRecovery {
					dead++
				}
			}
			if dead != c.want {
				t.Errorf("%d findings of a dead primary in %+v, want %d", dead, r.Value, c.want)
			}
		})
	}
}
