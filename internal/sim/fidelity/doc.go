// Package fidelity compares the simulated fleet with real servers. A Script says, as Go values, what a fleet is and what
// happens to it step by step; it can be played in both worlds, and what comes of it is read in the same form from both
// (sim.Outcome). The tests play each script on the simulator, then on real servers of both families with the real manager,
// and want the same: at each Settle, who takes writes, who replicates from whom, what was lost, found and recorded.
//
// In the simulator time is virtual, and settled is what stays the same for long. Real servers are never waited for by the
// clock: there a Settle waits until everything is as it was in the simulator, and the last one looks again when every server
// was asked anew. What the script itself wants of the end is compared with both.
package fidelity
