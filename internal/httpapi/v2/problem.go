package v2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// Problem is why a request was not answered as wished (RFC 9457).
type Problem struct {
	Type   string `json:"type" doc:"urn:orchestrator:problem: and a stable word"`
	Title  string `json:"title" doc:"the kind of problem, in words"`
	Status int    `json:"status" doc:"the HTTP status"`
	Detail string `json:"detail" doc:"what is the matter, in a sentence"`
	Reason string `json:"reason,omitempty" doc:"the rule that decided, short and stable"`
	Remedy string `json:"remedy,omitempty" doc:"what would make it possible"`
	Plan   *Plan  `json:"plan,omitempty" doc:"plan-outdated: the plan as it would be now"`
}

// Error makes a Problem an error.
func (p *Problem) Error() string { return p.Detail }

// The kinds of problems: the word that ends the type, its title and its status.
var (
	badRequest    = kind{"bad-request", "The request cannot be understood", http.StatusBadRequest}
	unauthorized  = kind{"forbidden", "The caller may not do this", http.StatusForbidden}
	notFound      = kind{"not-found", "There is no such thing", http.StatusNotFound}
	wrongMethod   = kind{"method-not-allowed", "The resource has no such method", http.StatusMethodNotAllowed}
	refused       = kind{"refused", "A rule forbids it", http.StatusConflict}
	outdated      = kind{"plan-outdated", "The world has changed since the plan was made", http.StatusConflict}
	unconfirmed   = kind{"confirmation-required", "It has to be confirmed", http.StatusUnprocessableEntity}
	tooLarge      = kind{"too-large", "The request is too large", http.StatusRequestEntityTooLarge}
	wrongType     = kind{"unsupported-media-type", "The body must be JSON", http.StatusUnsupportedMediaType}
	busy          = kind{"too-many", "There is too much of this already", http.StatusTooManyRequests}
	failed        = kind{"failed", "It was tried and failed", http.StatusInternalServerError}
	notAvailable  = kind{"unavailable", "This node cannot do it now", http.StatusServiceUnavailable}
	tookTooLong   = kind{"timeout", "It took too long", http.StatusGatewayTimeout}
	wrongPlatform = kind{"forbidden-origin", "The request comes from another site", http.StatusForbidden}
)

type kind struct {
	word, title string
	status      int
}

const problemType = "urn:orchestrator:problem:"

// detailAtMost bounds the sentence of a problem, which may repeat what a client sent, in bytes.
const detailAtMost = 4000

// say makes a problem of the kind.
func (k kind) say(format string, args ...any) *Problem {
	detail := fmt.Sprintf(format, args...)
	if len(detail) > detailAtMost {
		detail = strings.ToValidUTF8(detail[:detailAtMost], "") + "…"
	}
	return &Problem{Type: problemType + k.word, Title: k.title, Status: k.status, Detail: detail}
}

func (p *Problem) because(reason, remedy string) *Problem {
	p.Reason, p.Remedy = reason, remedy
	return p
}

// problemOf finds the kind of an error.
func problemOf(err error) *Problem {
	var p *Problem
	var refusal *topology.Refusal
	var failure *operate.Failure
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &refusal):
		return refused.say("%v", err).because(refusal.Rule, refusal.Remedy)
	case errors.Is(err, operate.ErrUnauthorized):
		return unauthorized.say("%v", err)
	case errors.Is(err, operate.ErrNoOperation):
		return unauthorized.say("%v", err).because("noop", "start the service without -noop")
	case errors.Is(err, context.DeadlineExceeded):
		return tookTooLong.say("%v", err)
	case errors.As(err, &failure) && failure.Answer:
		return refused.say("%v", err)
	}
	return failed.say("%v", err)
}

// inputProblem is problemOf for what was found while the arguments of an operation were read.
func inputProblem(err error) *Problem {
	if p := problemOf(err); p.Status != failed.status {
		return p
	}
	if text := err.Error(); strings.HasPrefix(text, "Unable to determine cluster name") || strings.Contains(text, "is not known") || strings.HasPrefix(text, "no cluster has") {
		return notFound.say("%v", err)
	}
	return badRequest.say("%v", err)
}

func (a *API) refuse(w http.ResponseWriter, r *http.Request, p *Problem) {
	text, err := json.Marshal(p)
	if err != nil {
		a.Logger.ErrorContext(r.Context(), "cannot write a problem as JSON", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	a.write(w, r, append(text, '\n'))
}

func (a *API) notFound(w http.ResponseWriter, r *http.Request) {
	a.headers(w)
	a.refuse(w, r, notFound.say("there is no route %s %s", r.Method, r.URL.Path).because("no-route", "GET "+Prefix+"/openapi.json lists the routes"))
}

func (a *API) wrongMethod(methods []string) http.HandlerFunc {
	slices.Sort(methods)
	allow := strings.Join(methods, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		a.headers(w)
		w.Header().Set("Allow", allow)
		a.refuse(w, r, wrongMethod.say("%s has no method %s", r.URL.Path, r.Method).because("method", "use "+allow))
	}
}
