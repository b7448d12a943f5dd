// Package publish tells the outside world what has happened: it runs the hooks that the configuration lists.
//
// A hook is a line of shell text. The placeholders in it are filled in, the text is written to a file and a shell runs
// the file, with the same facts in ORC_* variables. The package runs what it is given, in the order it is given, and
// says how it went. It decides nothing: when hooks run, and what their failure means for a recovery, is the business
// of its caller.
package publish
