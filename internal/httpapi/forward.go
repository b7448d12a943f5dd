package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"orchestrator/internal/operate"
)

const (
	// forwardedHeader marks a request that a node has passed on, so that two nodes that take each other for the leader do
	// not send it to and fro.
	forwardedHeader = "X-Orchestrator-Forwarded"
	// LocalHeader on a request that only reads asks for the answer of the very node that it is sent to.
	LocalHeader = "X-Orchestrator-Local"
)

const (
	// readWithin is how long the leader may take to begin the answer to a question; then this node answers it.
	readWithin = 3 * time.Second
	// watchLeader is how often it is seen whether the leader that a change was passed on to still leads. The change itself
	// may take its time.
	watchLeader = 250 * time.Millisecond
)

// errReplaced is why a node gives up waiting for the answer to a change.
var errReplaced = errors.New("another node leads now")

// forward passes a request for an operation on to the leader when this node is not it, and says whether it did. When no
// leader is known, or it does not answer a question, this node answers as well as it can.
func (h *handler) forward(w http.ResponseWriter, r *http.Request, o *operate.Operation, route string) bool {
	reads := o.Rights == operate.Read
	return h.passOn(w, r, reads, func(w http.ResponseWriter, err error) {
		if reads {
			h.local(w, r, o, route)
			return
		}
		h.reply(w, r, o).fail(err)
	})
}

// forwardV2 is forward for the second generation of the API.
func (h *handler) forwardV2(w http.ResponseWriter, r *http.Request) bool {
	return h.passOn(w, r, r.Method == http.MethodGet || r.Method == http.MethodHead, func(w http.ResponseWriter, err error) {
		w.Header().Set("Retry-After", "1")
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	})
}

// passOn passes a request on to the leader, unless this node is to answer it. unanswered is called when no answer came.
func (h *handler) passOn(w http.ResponseWriter, r *http.Request, reads bool, unanswered func(http.ResponseWriter, error)) bool {
	l := h.Engine.Leadership
	if l == nil || !l.Replicated() || l.IsLeader() || r.Header.Get(forwardedHeader) != "" || reads && r.Header.Get(LocalHeader) != "" {
		return false
	}
	uri := l.LeaderURI()
	if uri == "" {
		return false
	}
	leader, err := url.Parse(uri)
	if err != nil || leader.Host == "" {
		h.Logger.ErrorContext(r.Context(), "the address of the leader is no URL", "uri", uri, "error", err)
		return false
	}
	ctx, stop := context.WithCancelCause(r.Context())
	defer stop(nil)
	begun := make(chan struct{})
	watching := make(chan struct{})
	go func() {
		defer close(watching)
		h.watch(ctx, stop, reads, uri, begun)
	}()
	proxy := &httputil.ReverseProxy{
		Transport: h.Transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(leader)
			p.Out.Host = leader.Host
			p.Out.Header.Del("Accept-Encoding")
			p.Out.Header.Set(forwardedHeader, h.Engine.Node.Hostname)
			p.SetXForwarded()
		},
		ModifyResponse: func(*http.Response) error { close(begun); return nil },
		ErrorHandler: func(w http.ResponseWriter, failed *http.Request, err error) {
			if r.Context().Err() != nil {
				return // the client has gone
			}
			h.Logger.WarnContext(r.Context(), "the leader did not answer a request that was passed on", "leader", uri, "error", err)
			unanswered(w, noAnswer(failed.Context(), uri, err))
		},
		ErrorLog: slog.NewLogLogger(h.Logger.Handler(), slog.LevelError),
	}
	proxy.ServeHTTP(w, r.WithContext(ctx))
	stop(nil)
	<-watching
	return true
}

// watch ends the waiting for an answer that will not come.
func (h *handler) watch(ctx context.Context, stop context.CancelCauseFunc, reads bool, uri string, begun <-chan struct{}) {
	ticker := time.NewTicker(watchLeader)
	defer ticker.Stop()
	since := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-begun:
			return
		case <-ticker.C:
		}
		switch now := h.Engine.Leadership.LeaderURI(); {
		case now != uri && now != "":
			stop(errReplaced)
		case reads && time.Since(since) > readWithin:
			stop(fmt.Errorf("no answer within %s", readWithin))
		}
	}
}

// noAnswer says what is known of a change whose answer never came.
func noAnswer(ctx context.Context, uri string, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	var refused *net.OpError
	if errors.As(err, &refused) && refused.Op == "dial" {
		return fmt.Errorf("%w: the leader %s cannot be reached, nothing was done: %w", operate.ErrNoLeader, uri, err)
	}
	return fmt.Errorf("%w: the leader %s did not answer, and whether it has done it is not known here: %w", operate.ErrNoLeader, uri, err)
}
