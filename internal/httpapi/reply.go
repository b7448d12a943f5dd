package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"orchestrator/internal/consensus"
	"orchestrator/internal/operate"
	"orchestrator/internal/store"
)

// envelope is the body around most answers, and around every failure.
type envelope struct {
	Code    string
	Message string
	Details any
}

type reply struct {
	h *handler
	w http.ResponseWriter
	r *http.Request
	o *operate.Operation
}

func (h *handler) reply(w http.ResponseWriter, r *http.Request, o *operate.Operation) reply {
	return reply{h: h, w: w, r: r, o: o}
}

// message puts this node's identity before a text, as configured.
func (p reply) message(text string) string {
	if p.o.Name == operate.StatusOperation {
		return text
	}
	return p.h.says + text
}

func (p reply) fail(err error) {
	e := envelope{Code: "ERROR", Message: p.message(err.Error())}
	var failure *operate.Failure
	if errors.As(err, &failure) {
		if shaped, bad := p.h.shaper.Shape(failure.Details); bad == nil {
			e.Details = shaped
		}
	}
	status := http.StatusInternalServerError
	if errors.Is(err, operate.ErrNoLeader) || errors.Is(err, operate.ErrNotReady) || errors.Is(err, store.ErrNotAgreed) || errors.Is(err, consensus.ErrNotLeader) && p.replicated() {
		status = http.StatusServiceUnavailable
		p.w.Header().Set("Retry-After", "1")
	}
	p.write(status, e)
}

func (p reply) replicated() bool {
	return p.h.Engine.Leadership != nil && p.h.Engine.Leadership.Replicated()
}

func (p reply) succeed(result operate.Result) {
	if leads, ok := result.Value.(operate.Leads); ok {
		p.leads(leads)
		return
	}
	if _, ok := result.Value.(operate.RequestHeaders); ok {
		p.write(http.StatusOK, withoutCredentials(p.r.Header))
		return
	}
	text, err := p.text(result)
	if err != nil {
		p.fail(err)
		return
	}
	p.send(http.StatusOK, text)
}

// sharedText is under what the text of an answer is kept that many are given.
type sharedText struct {
	h *handler
	o *operate.Operation
}

// text is an answer as it is sent, made once for all who are given the same.
func (p reply) text(result operate.Result) (*text, error) {
	write := func() (any, error) {
		shaped, err := p.h.shaper.Shape(result.Value)
		if err != nil {
			return nil, err
		}
		if p.o.Shape != operate.Bare {
			shaped = envelope{Code: "OK", Message: p.message(result.Message), Details: shaped}
		}
		return p.h.texts.of(shaped)
	}
	var made any
	var err error
	if result.Shared == nil {
		made, err = write()
	} else {
		made, err = result.Shared.Once(sharedText{p.h, p.o}, write)
	}
	if err != nil {
		return nil, err
	}
	return made.(*text), nil
}

// leads answers in the status code, for load balancers that look at nothing else.
func (p reply) leads(l operate.Leads) {
	if l.Leader {
		p.write(http.StatusOK, "OK")
		return
	}
	code := http.StatusNotFound
	if l.OtherCode >= 200 && l.OtherCode <= 999 { // what can be sent as the status of a final answer
		code = l.OtherCode
	}
	p.write(code, "Not leader")
}

// write sends a body as JSON.
func (p reply) write(status int, body any) {
	text, err := p.h.texts.of(body)
	if err != nil {
		p.h.Logger.ErrorContext(p.r.Context(), "cannot write an answer as JSON", "operation", p.o.Name, "error", err)
		http.Error(p.w, "cannot write the answer as JSON", http.StatusInternalServerError)
		return
	}
	p.send(status, text)
}

// send sends a text, compressed when the client wants that.
func (p reply) send(status int, t *text) {
	header := p.w.Header()
	header.Set("Content-Type", "application/json; charset=UTF-8")
	header.Add("Vary", "Accept-Encoding")
	body := t.plain
	if acceptsGzip(p.r) {
		header.Set("Content-Encoding", "gzip")
		body = t.compressed()
	}
	p.w.WriteHeader(status)
	if _, err := p.w.Write(body); err != nil {
		p.h.Logger.DebugContext(p.r.Context(), "the client has gone before the answer was written", "operation", p.o.Name, "error", err)
	}
}

// identity is what stands before every message (PrependMessagesWithOrcIdentity).
func identity(d Deps) string {
	conf := d.Engine.Config()
	names := []func() string{
		func() string {
			if d.FQDN == nil {
				return ""
			}
			name, err := d.FQDN()
			if err != nil {
				return ""
			}
			return name
		},
		func() string { return d.Engine.Node.Hostname },
		func() string { return conf.CustomOrcIdentity },
	}
	first := map[string]int{"fqdn": 0, "hostname": 1, "custom": 2}
	from, on := first[strings.ToLower(conf.PrependMessagesWithOrcIdentity)]
	if !on {
		return ""
	}
	for _, name := range names[from:] {
		if text := name(); text != "" {
			return "Orchestrator " + text + " says: "
		}
	}
	return ""
}
