// Package failover decides who shall be promoted and how: from the picture of a cluster in which a server is lost, and
// the administrator's policy, to a plan, with a reason for every server that was not chosen.
//
// It is pure: the same picture gives the same plan. It is asked twice in a real failover: once for what would be
// done, and again after the receivers have been stopped, when nothing moves any more; and a manager that takes over
// a half finished failover asks it a third time. What is done already does not appear in the plan again.
package failover
