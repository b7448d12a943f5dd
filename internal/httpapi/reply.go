package httpapi

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
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
	if errors.Is(err, operate.ErrNoLeader) || errors.Is(err, store.ErrNotAgreed) || errors.Is(err, consensus.ErrNotLeader) && p.replicated() {
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
		p.write(http.StatusOK, p.r.Header)
		return
	}
	shaped, err := p.h.shaper.Shape(result.Value)
	switch {
	case err != nil:
		p.fail(err)
	case p.o.Shape == operate.Bare:
		p.write(http.StatusOK, shaped)
	default:
		p.write(http.StatusOK, envelope{Code: "OK", Message: p.message(result.Message), Details: shaped})
	}
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

// write sends a body as JSON, compressed when the client wants that.
func (p reply) write(status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		p.h.Logger.ErrorContext(p.r.Context(), "cannot write an answer as JSON", "operation", p.o.Name, "error", err)
		http.Error(p.w, "cannot write the answer as JSON", http.StatusInternalServerError)
		return
	}
	header := p.w.Header()
	header.Set("Content-Type", "application/json; charset=UTF-8")
	header.Add("Vary", "Accept-Encoding")
	if acceptsGzip(p.r) {
		header.Set("Content-Encoding", "gzip")
		text = compressed(text)
	}
	p.w.WriteHeader(status)
	if _, err := p.w.Write(text); err != nil {
		p.h.Logger.DebugContext(p.r.Context(), "the client has gone before the answer was written", "operation", p.o.Name, "error", err)
	}
}

// acceptsGzip says whether the request allows gzip; `gzip;q=0` does not.
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		name, params, _ := strings.Cut(coding, ";")
		name = strings.TrimSpace(name)
		weight := strings.ReplaceAll(params, " ", "")
		if name == "gzip" && weight != "q=0" && !strings.HasPrefix(weight, "q=0.000") && weight != "q=0.0" && weight != "q=0.00" {
			return true
		}
	}
	return false
}

func compressed(text []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	// Writing to a buffer cannot fail.
	_, _ = z.Write(text)
	_ = z.Close()
	return b.Bytes()
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
