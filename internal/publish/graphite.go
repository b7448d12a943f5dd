package publish

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"
)

// Figure is one measured number under its published name, such as `discoveries.attempt`.
type Figure struct {
	Name  string
	Value float64
	// Total says that it only grows while the process runs; otherwise it is a value of this moment.
	Total bool
}

// Graphite sends figures to a Graphite server again and again, in its plain-text protocol. All fields but Logger are
// required.
type Graphite struct {
	Address string // host:port
	Prefix  string // before each name
	Every   time.Duration
	Figures func() []Figure
	Now     func() time.Time
	Logger  *slog.Logger // nil: says nothing
}

// graphiteTimeout bounds the connection and the sending, so that a server that does not read holds nobody up.
const graphiteTimeout = 10 * time.Second

// Run sends until ctx ends. What cannot be sent is dropped; the first failure in a row is logged, and so is its end.
func (g Graphite) Run(ctx context.Context) {
	ticker := time.NewTicker(g.Every)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := g.send(ctx)
		switch {
		case ctx.Err() != nil || g.Logger == nil:
		case err != nil && !failing:
			g.Logger.WarnContext(ctx, "cannot send figures to Graphite; it is tried again", "error", err)
		case err == nil && failing:
			g.Logger.InfoContext(ctx, "figures are sent to Graphite again", "address", g.Address)
		}
		failing = err != nil
	}
}

func (g Graphite) send(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, graphiteTimeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", g.Address)
	if err != nil {
		return fmt.Errorf("connect to Graphite at %s (GraphiteAddr): %w", g.Address, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	_, err = conn.Write(g.lines())
	if closed := conn.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("send figures to Graphite at %s: %w", g.Address, err)
	}
	return nil
}

func (g Graphite) lines() []byte {
	var b bytes.Buffer
	at := g.Now().Unix()
	for _, f := range g.Figures() {
		kind := "value"
		if f.Total {
			kind = "count"
		}
		fmt.Fprintf(&b, "%s.%s.%s %s %d\n", g.Prefix, f.Name, kind, strconv.FormatFloat(f.Value, 'f', -1, 64), at)
	}
	return b.Bytes()
}
