// Package v2 is the HTTP API for programs and for the web page: resources and verbs under /api/v2, problems as RFC 9457
// has them, plans that are shown before they run, and a stream of everything that happens.
//
// It is a second face of the registry in package operate, and does nothing by itself: what changes something calls an
// operation of the registry, what reads shows the same topology and the same records as the old API. One table
// (routes.go and routes_*.go) says of each route its method, its path, who may call it, its parameters, and the Go
// types of its body and its answer. From that table come the handlers and the OpenAPI document, so that the two cannot
// differ; shapes (shape_*.go) are Go structs whose tags hold the descriptions.
//
// [API] owns every goroutine of the package: the event stream's pump and the plans that run. They end with [API.Run].
//
// What is not here: who the caller is (package httpapi, which mounts this), the old routes, the page.
package v2
