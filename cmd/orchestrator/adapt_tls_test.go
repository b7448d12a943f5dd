package main

import "testing"

func TestTLSMemory(t *testing.T) {
	p := testParts(t, testFile(t), "")
	m, err := newTLSMemory(t.Context(), p.store, p.log)
	must(t, err)
	m.learned(key("db1"), true)
	m.learned(key("db2"), true)
	m.learned(key("db2"), false)
	if !m.needs(key("db1")) || m.needs(key("db2")) || m.needs(key("db3")) {
		t.Error("what is learnt does not count")
	}
	m.run(cancelled(t)) // saves before it returns
	again, err := newTLSMemory(t.Context(), p.store, p.log)
	must(t, err)
	if !again.needs(key("db1")) || again.needs(key("db2")) {
		t.Error("what was learnt is not kept")
	}
	must(t, p.store.SetTLSRequired(t.Context(), key("db1"), false))
	must(t, m.save(t.Context())) // nothing is new
	if all, err := p.store.TLSRequired(t.Context()); err != nil || all[key("db1")] {
		t.Errorf("written again: %v, %v", all, err)
	}
}
