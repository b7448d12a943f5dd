// Package progress shows on a terminal how something long gets on, in one line that is written over and is gone at the
// end. Elsewhere nothing is shown: what a script reads stays as it is.
//
// What is counted is not known here (see plan.Tally).
package progress
