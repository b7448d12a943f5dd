// Package execute runs plans: stage by stage, the steps of one stage at the same time, each within its deadline, each
// only while this node may still write, each reported as it begins and ends. When a step fails before the plan's
// point of no return, what was done is undone.
//
// Every step looks before it acts, so that a plan can be run again after a crash. Nothing is chosen here: what is to
// be done is in the plan, and how a statement is spelled is the business of package server.
package execute
