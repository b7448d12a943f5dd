// Package operate is the one door through which people use orchestrator: the registry of its operations.
//
// An [Operation] is a command of the command line, one or several routes of the HTTP API, a command of the client
// program, and a page of help, all described by one entry; its Run function does the work on an [Engine] and returns
// a typed value. Adding an operation is adding one entry to one of the sections (section_*.go).
//
// The faces (packages cli and httpapi, the client program) turn what a person wrote into an [Input] and print the
// value they get; everything between the two happens here: which arguments there are, what a partial host name or a
// cluster's alias means ([Operation.Call]), what is refused, what is recorded.
//
// The Engine is a handful of small interfaces, so that the same operation runs in the service, over the live picture
// of the fleet, and in a command that runs once and ends, over what the backend has stored. Operations that only read
// never probe a server and never write to the backend.
//
// What is not here: text for a terminal, JSON, HTTP, flags.
package operate
