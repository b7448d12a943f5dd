package server_test

import (
	"testing"
	"time"

	"orchestrator/internal/sandbox"
	"orchestrator/internal/sandbox/sandboxtest"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// TestRealStopUnderAFrozenSource stops a replica whose IO thread was started on trial and is in a handshake with a source
// that does not answer.
func TestRealStopUnderAFrozenSource(t *testing.T) {
	eachFamily(t, func(t *testing.T, flavor sandbox.Flavor) {
		cluster := sandboxtest.New(t, sandbox.Options{Flavor: flavor, Nodes: 2, GTID: true, NetTimeout: time.Minute})
		servers := open(t, options())
		replica := servers.For(keyOf(cluster.Node(1)))
		must(t, cluster.Node(0).Freeze())
		must(t, replica.StopReplica(limited(t), server.IOThread, ""))
		must(t, replica.TryReceiver(limited(t), ""))
		var netTimeout string
		must(t, cluster.Node(1).Scan(limited(t), "SELECT CONCAT(@@GLOBAL.slave_net_timeout)", &netTimeout))
		if netTimeout != "60" {
			t.Errorf("slave_net_timeout was left at %s", netTimeout)
		}
		eventually(t, "connecting", func() bool {
			return must1(replica.Status(limited(t)))(t)[0].IOThread == topology.ThreadOther
		})
		must(t, replica.Warm(limited(t)))

		begin := time.Now()
		stopping := must1(replica.StopReplicaAsync(limited(t), server.AllThreads, ""))(t)
		asked := time.Since(begin)
		early := false
		select {
		case <-stopping.Done():
		default:
			early = true
		}
		if flavor == sandbox.MySQL && !early {
			t.Error("it waited for the end of the statement")
		}
		// The server can be made writable meanwhile.
		must(t, replica.SetReadOnly(limited(t), false, true))
		writable := time.Since(begin)
		must(t, stopping.Wait(limited(t)))
		t.Logf("stop asked in %v, writable after %v, stopped after %v", asked, writable, time.Since(begin))
		must(t, replica.ResetReplicaAll(limited(t), ""))
		if channels := must1(replica.Status(limited(t)))(t); len(channels) != 0 {
			t.Errorf("channels %+v", channels)
		}
	})
}

func TestStopReplicaAsync(t *testing.T) {
	state := func(s string) answer {
		return answer{begins: "SELECT STATE, INFO FROM", result: row([]string{"STATE", "INFO"}, s, "STOP REPLICA IO_THREAD")}
	}
	t.Run("ends at once", func(t *testing.T) {
		f := newFake(t, mysql80()...)
		f.change(answer{begins: "STOP REPLICA"}, state("Killing replica"))
		must(t, must1(f.open(t, nil).StopReplicaAsync(limited(t), server.IOThread, ""))(t).Wait(limited(t)))
	})
	t.Run("returns while the server is still at it", func(t *testing.T) {
		f := newFake(t, mysql80()...)
		release := make(chan struct{})
		f.change(answer{begins: "STOP REPLICA SQL_THREAD"}, answer{begins: "STOP REPLICA IO_THREAD", wait: release}, state("Killing replica"))
		stopping := must1(f.open(t, nil).StopReplicaAsync(limited(t), server.AllThreads, ""))(t)
		select {
		case <-stopping.Done():
			t.Error("ended before the server answered")
		default:
		}
		close(release)
		must(t, stopping.Wait(limited(t)))
	})
	t.Run("fails", func(t *testing.T) {
		f := newFake(t, mysql80()...)
		f.change(refuse("STOP REPLICA", 1227), state(""))
		_, err := f.open(t, nil).StopReplicaAsync(limited(t), server.IOThread, "")
		wantKind(t, err, server.Unsupported)
	})
	t.Run("the process list is not allowed", func(t *testing.T) {
		f := newFake(t, mysql80()...)
		f.change(answer{begins: "STOP REPLICA"}, refuse("SELECT STATE, INFO FROM", 1142))
		must(t, must1(f.open(t, nil).StopReplicaAsync(limited(t), server.IOThread, ""))(t).Wait(limited(t)))
	})
}
