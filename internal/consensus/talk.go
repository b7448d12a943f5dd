package consensus

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// talk is how nodes ask each other things outside the log: a request and an answer, each JSON behind its length.
type talk struct {
	dial   func(ctx context.Context, address string) (net.Conn, error)
	answer func(ctx context.Context, kind string, body json.RawMessage) (any, error)

	mu   sync.Mutex
	idle map[string][]net.Conn // by address
}

// maxMessage bounds a message; none comes near.
const maxMessage = 4 << 20

// idleFor is how long a connection without questions is kept by who answers.
const idleFor = time.Minute

type question struct {
	Kind string          `json:"kind"`
	Body json.RawMessage `json:"body"`
	// Within is how long who asks waits.
	Within time.Duration `json:"within"`
}

type answer struct {
	Body  json.RawMessage `json:"body,omitempty"`
	Error string          `json:"error,omitempty"`
}

// errRefused is the other end's own error: it understood the question and answers no.
type errRefused string

// Error implements error.
func (e errRefused) Error() string { return string(e) }

// ask asks the node at an address and waits for its answer until ctx ends, which must have a deadline.
func (t *talk) ask(ctx context.Context, address, kind string, body, into any) error {
	_, err := t.timed(ctx, address, kind, body, into)
	return err
}

// timed is ask, and tells how long it took from the question to the answer, without what it took to connect.
func (t *talk) timed(ctx context.Context, address, kind string, body, into any) (took time.Duration, err error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	q := question{Kind: kind, Body: text}
	if deadline, ok := ctx.Deadline(); ok {
		q.Within = time.Until(deadline)
	}
	for {
		conn, kept := t.take(address)
		if conn == nil {
			if conn, err = t.dial(ctx, address); err != nil {
				return 0, err
			}
		}
		var a answer
		sent := time.Now()
		err := t.once(ctx, conn, q, &a)
		took = time.Since(sent)
		if err != nil {
			_ = conn.Close()
			if kept && ctx.Err() == nil {
				continue // it was closed while nobody used it
			}
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return 0, fmt.Errorf("raft node %s: %w", address, err)
		}
		t.keep(address, conn)
		if a.Error != "" {
			return 0, errRefused(a.Error)
		}
		return took, json.Unmarshal(a.Body, into)
	}
}

func (t *talk) once(ctx context.Context, conn net.Conn, q question, a *answer) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := writeMessage(conn, q); err != nil {
		return err
	}
	if err := readMessage(conn, a); err != nil {
		return err
	}
	if !stop() {
		return context.Cause(ctx)
	}
	return nil
}

func (t *talk) take(address string) (conn net.Conn, kept bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := t.idle[address]
	if len(list) == 0 {
		return nil, false
	}
	conn = list[len(list)-1]
	t.idle[address] = list[:len(list)-1]
	return conn, true
}

func (t *talk) keep(address string, conn net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const most = 4
	if t.idle == nil || len(t.idle[address]) >= most {
		_ = conn.Close()
		return
	}
	t.idle[address] = append(t.idle[address], conn)
}

// close closes the connections that nobody uses, and keeps none from now on.
func (t *talk) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, list := range t.idle {
		for _, c := range list {
			_ = c.Close()
		}
	}
	t.idle = nil
}

// serve answers the questions of a connection until it ends.
func (t *talk) serve(ctx context.Context, conn net.Conn) {
	for {
		var q question
		if conn.SetReadDeadline(time.Now().Add(idleFor)) != nil || readMessage(conn, &q) != nil {
			return
		}
		if conn.SetReadDeadline(time.Time{}) != nil {
			return
		}
		if writeMessage(conn, t.answerTo(ctx, q)) != nil {
			return
		}
	}
}

func (t *talk) answerTo(ctx context.Context, q question) answer {
	if q.Within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, q.Within)
		defer cancel()
	}
	got, err := t.answer(ctx, q.Kind, q.Body)
	if err != nil {
		return answer{Error: err.Error()}
	}
	text, err := json.Marshal(got)
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Body: text}
}

func writeMessage(w io.Writer, m any) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

var errTooLong = errors.New("a message that is too long")

func readMessage(r io.Reader, m any) error {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > maxMessage {
		return errTooLong
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	return json.Unmarshal(text, m)
}
