package publish

import (
	"bufio"
	"context"
	"net"
	"slices"
	"testing"
	"time"
)

func TestGraphite(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		Graphite{
			Address: listener.Addr().String(), Prefix: "dba.node_1", Every: time.Millisecond, Now: func() time.Time { return time.Unix(1700000000, 0) },
			Figures: func() []Figure { return []Figure{{"discoveries.attempt", 12, true}, {"elect.is_elected", 1, false}} },
		}.Run(ctx)
	}()
	for range 2 { // it goes on
		conn, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			got = append(got, lines.Text())
		}
		_ = conn.Close()
		if want := []string{"dba.node_1.discoveries.attempt.count 12 1700000000", "dba.node_1.elect.is_elected.value 1 1700000000"}; !slices.Equal(got, want) {
			t.Errorf("sent %q", got)
		}
	}
	cancel()
	<-ended
}

func TestGraphiteIsNotThere(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := listener.Addr().String()
	_ = listener.Close()
	if err := (Graphite{Address: gone, Now: time.Now}).send(t.Context()); err == nil {
		t.Error("nobody listened, and it did not fail")
	}
}
