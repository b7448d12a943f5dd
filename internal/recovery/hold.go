package recovery

import (
	"fmt"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/failover"
)

// toldHold is why nothing was done about a server, as it was told last.
type toldHold struct {
	reason    string
	detection int64
}

// hold says why nothing is done, once per detection and reason.
func (e *Engine) hold(f *analysis.Finding, fresh bool, why failover.Hold) {
	id, news := e.holds(f, fresh, why)
	if !news {
		return
	}
	e.o.Logger.Warn("not recovered", "failed", f.Key.String(), "code", string(f.Code), "reason", why.Reason)
	e.progress(Progress{Kind: Held, Cluster: f.ClusterName, Server: f.Key, Text: why.Reason, Hold: why, Detection: id})
}

// waits says the same of what is expected to end by itself in a moment: it is for the record, and nobody is warned.
func (e *Engine) waits(f *analysis.Finding, why failover.Hold) {
	if id, news := e.holds(f, false, why); news {
		e.progress(Progress{Kind: Waits, Cluster: f.ClusterName, Server: f.Key, Text: why.Reason, Hold: why, Detection: id})
	}
}

// holds keeps in mind why nothing is done about a server. It returns the detection that is held back by it, and whether
// that has not been told yet.
func (e *Engine) holds(f *analysis.Finding, fresh bool, why failover.Hold) (detection int64, news bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if told := e.told[detectionID{f.Key, true}]; told.code == f.Code {
		detection = told.id
	}
	last := e.held[f.Key]
	e.held[f.Key] = toldHold{why.Reason, detection}
	return detection, fresh || last != e.held[f.Key]
}

// tooSoon says why a failure is not acted on yet although nothing forbids it; the zero Hold where it is time.
func (e *Engine) tooSoon(f *analysis.Finding, k *kind, stood time.Duration) failover.Hold {
	if k.stands != nil {
		if least := k.stands(e.o.Config()); stood < least {
			return failover.Hold{Rule: "patience", Setting: "InstancePollSeconds", Reason: fmt.Sprintf("%s has to stand for %s before it is acted on", f.Code, least)}
		}
	}
	if e.refusedLately(f, k) {
		return failover.Hold{Rule: "refused", Reason: "a recovery failed a while ago without having changed anything, and would come to the same"}
	}
	return failover.Hold{}
}

// holdOfSwitch is the hold of what somebody has switched off.
func holdOfSwitch(off *failover.SwitchedOff) failover.Hold {
	rule := "cluster-disabled"
	if off.Cluster == "" {
		rule = "disabled"
	}
	return failover.Hold{Rule: rule, Reason: off.String(), Until: off.Until}
}

// holdOfBlock is the hold of a recovery that is running or recent.
func holdOfBlock(b Block) failover.Hold {
	h := failover.Hold{Rule: "blocked", Setting: "RecoveryPeriodBlockSeconds", Reason: b.Reason, Until: b.Until}
	if b.By == 0 && b.Until.IsZero() {
		h.Rule, h.Setting = "not-agreed", ""
	}
	return h
}
