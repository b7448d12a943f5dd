package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	v2 "orchestrator/internal/httpapi/v2"
)

// leaderTimeout bounds the question to one node whether it leads.
const leaderTimeout = time.Second

// pauses returns the waits between the tries of a call; the last try has none after it.
func pauses() []time.Duration {
	return []time.Duration{100, 200, 500, 1000, 2000, 2500, 5000, 0}
}

// api talks to one of several nodes.
type api struct {
	bases     []string
	auth      string
	header    string
	operation string // the name that is given to what is called; "" for none
	http      *http.Client
	wait      func(context.Context, time.Duration) error
}

func newAPI(o options, env environment) *api {
	a := &api{auth: o.auth, header: o.header, wait: env.wait, http: &http.Client{Transport: env.transport}}
	for _, base := range strings.Fields(o.apis) {
		base = strings.TrimRight(base, "/")
		if !strings.HasSuffix(base, "/api") {
			base += "/api"
		}
		a.bases = append(a.bases, base)
	}
	return a
}

// base is the node to talk to: the only one, or the one that leads or says how to reach who does.
func (a *api) base(ctx context.Context) (string, error) {
	if len(a.bases) == 1 {
		return a.bases[0], nil
	}
	for _, check := range []string{"leader-check", "routed-leader-check"} {
		if base := a.firstOK(ctx, check); base != "" {
			return base, nil
		}
	}
	//lint:ignore ST1005 the text is published
	return "", fmt.Errorf("Cannot determine leader from %s", withoutPasswords(a.bases))
}

// firstOK asks all nodes at the same time and returns the first that answers 200.
func (a *api) firstOK(ctx context.Context, path string) string {
	ctx, cancel := context.WithTimeout(ctx, leaderTimeout)
	defer cancel()
	answers := make(chan string, len(a.bases))
	for _, base := range a.bases {
		go func() {
			if status, _, err := a.get(ctx, base+"/"+path); err != nil || status != http.StatusOK {
				base = ""
			}
			answers <- base
		}()
	}
	found := ""
	for range a.bases {
		if base := <-answers; base != "" && found == "" {
			found = base
			cancel() // the others end soon, and are waited for
		}
	}
	return found
}

func (a *api) get(ctx context.Context, target string) (status int, body []byte, err error) {
	w, err := a.open(ctx, target)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = w.Body.Close() }() // what was read is checked below
	body, err = io.ReadAll(w.Body)
	return w.StatusCode, body, err
}

// open sends a request. The body of the answer is read and closed by the caller.
func (a *api) open(ctx context.Context, target string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, fmt.Errorf("address of the API: %w", err)
	}
	if a.operation != "" {
		r.Header.Set(v2.OperationHeader, a.operation)
	}
	if user, password, ok := strings.Cut(a.auth, ":"); ok {
		r.SetBasicAuth(user, password)
	}
	if name, value, ok := strings.Cut(a.header, ":"); ok {
		r.Header.Set(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	return a.http.Do(r)
}

// errNoAnswer means that trying again may help.
var errNoAnswer = errors.New("no usable answer")

// call gets a path below /api/ and returns the JSON that it answers, trying again while there is no JSON.
func (a *api) call(ctx context.Context, path string) (json.RawMessage, error) {
	var last error
	for _, pause := range pauses() {
		body, err := a.once(ctx, path)
		if !errors.Is(err, errNoAnswer) {
			return body, err
		}
		last = err
		if err := a.wait(ctx, pause*time.Millisecond); err != nil {
			return nil, fmt.Errorf("%w; %w", last, err)
		}
	}
	return nil, last
}

func (a *api) once(ctx context.Context, path string) (json.RawMessage, error) {
	base, err := a.base(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	status, body, err := a.get(ctx, base+"/"+path)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, err
	case err != nil:
		//lint:ignore ST1005 the text is published
		return nil, fmt.Errorf("Cannot access orchestrator at %s: %w: %w", withoutPasswords([]string{base}), errNoAnswer, err)
	case status == http.StatusUnauthorized:
		//lint:ignore ST1005 the text is published
		return nil, fmt.Errorf("Cannot access orchestrator at %s. Check ORCHESTRATOR_API is configured correctly and orchestrator is running",
			withoutPasswords([]string{base}))
	case json.Valid(body):
		return body, nil
	case status == http.StatusNotFound:
		return nil, fmt.Errorf("%s/%s: %s", withoutPasswords([]string{base}), path, bytes.TrimSpace(body))
	}
	return nil, fmt.Errorf("%s/%s: %w: status %d: %.200s", withoutPasswords([]string{base}), path, errNoAnswer, status, bytes.TrimSpace(body))
}

// withoutPasswords is how addresses are shown.
func withoutPasswords(bases []string) string {
	shown := make([]string, len(bases))
	for i, base := range bases {
		shown[i] = base
		if u, err := url.Parse(base); err == nil {
			u.User = nil
			shown[i] = u.String()
		}
	}
	return strings.Join(shown, " ")
}
