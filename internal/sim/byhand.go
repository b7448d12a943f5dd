package sim

import (
	"time"

	"orchestrator/internal/server"
)

// What people do to the replication of one server, as steps of scenarios. A server that is gone or hangs does not hear it.

func byHand(name, what string, do func(*channel)) func(*World) {
	return func(w *World) {
		if s := w.serverNamed(name); s.alive() && s.ch != nil {
			w.say(s.node, "a person: %s", what)
			do(s.ch)
		}
	}
}

// StopReceiver has a person stop a replica's receiver, and StartReceiver start it.
func StopReceiver(name string) func(*World) {
	return byHand(name, "stop receiving", func(ch *channel) { ch.stop(server.IOThread) })
}

// StartReceiver has a person start a replica's receiver.
func StartReceiver(name string) func(*World) {
	return byHand(name, "start receiving", func(ch *channel) { ch.start(server.IOThread) })
}

// StopApplier has a person stop a replica's applier, and StartApplier start it.
func StopApplier(name string) func(*World) {
	return byHand(name, "stop applying", func(ch *channel) { ch.stop(server.SQLThread) })
}

// StartApplier has a person start a replica's applier.
func StartApplier(name string) func(*World) {
	return byHand(name, "start applying", func(ch *channel) { ch.start(server.SQLThread) })
}

// Delay has a person make a replica apply so much later.
func Delay(name string, d time.Duration) func(*World) {
	return byHand(name, "delay by "+d.String(), func(ch *channel) { ch.delay = d })
}
