// Package plan holds changes to servers as values: a Plan is a list of Steps, and a Step says what is done, on which
// server, why, what must hold before, how one knows that it is done, and how it is undone. The same value is the dry
// run that a person reads, the work that package execute does, and the record of it afterwards.
//
// Nothing here talks to a server or decides anything: packages failover and refactor make plans, execute runs them.
package plan
