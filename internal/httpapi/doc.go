// Package httpapi is the HTTP face of orchestrator: it makes routes of the operations of package operate, and JSON of
// their values.
//
// The paths, the names of the JSON fields, the envelope around them and the status codes are a published interface
// that scripts, the client program and the web page depend on. The shapes live here and nowhere else: shape_*.go
// holds a struct for each object, with the old and new names of the fields that have two, and [Shaper] chooses the
// one for a value. Everything about who may call is in auth.go; requests that only the leader may answer are passed
// on in forward.go.
//
// What is not here: what an operation does (package operate), the web page, listening and TLS (the program).
package httpapi
