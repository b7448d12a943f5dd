// Package analysis says what is wrong with each server of a topology, and why it thinks so.
//
// [Analyze] takes a topology, the thresholds of a [Policy] and the present time, and returns one [Finding] for each
// server that has something to say. A finding names at most one failure code and any number of structure warnings;
// these 41 names and their conditions are a published interface that scripts depend on, and stay as they are. What
// the published names do not cover is said in additional codes of our own, which never replace a published one.
// Every finding carries its evidence: plain sentences that name the servers and the values that led to it.
//
// The decision is a list of rules that are tried from top to bottom (failure.go) over a few counted facts about a
// server and its replicas (facts.go). [HandlingOf] and [EmergencyOf] say what a code calls for; they do not do it.
//
// Nothing here does I/O or reads the clock. Observing servers, registering detections, hooks and repairs live
// elsewhere.
package analysis
