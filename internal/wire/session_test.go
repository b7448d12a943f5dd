package wire

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
)

var oneRow = Result{Columns: []string{"one"}, Rows: [][]any{{1}}}

// hang is a handler that waits for its context and tells that it was released.
func hang(entered, released chan<- struct{}) HandlerFunc {
	return func(ctx context.Context, _ *Session, _ string) ([]Result, error) {
		entered <- struct{}{}
		<-ctx.Done()
		released <- struct{}{}
		return nil, ctx.Err()
	}
}

func TestHangingQuery(t *testing.T) {
	cases := map[string]func(giveUp, stopServer func()){
		"the client gives up":   func(giveUp, _ func()) { giveUp() },
		"the server is stopped": func(_, stopServer func()) { stopServer() },
	}
	for name, end := range cases {
		t.Run(name, func(t *testing.T) {
			entered, released := make(chan struct{}, 1), make(chan struct{}, 1)
			addr, stop := serveAt(t, &Server{Handler: hang(entered, released)}, "127.0.0.1:0")
			db := open(t, addr, nil)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			failed := make(chan error, 1)
			go func() {
				_, err := db.ExecContext(ctx, "hang")
				failed <- err
			}()
			<-entered
			end(cancel, stop)
			<-released
			if err := <-failed; err == nil {
				t.Error("the query ended without an error")
			}
		})
	}
}

func TestCloseFromOutside(t *testing.T) {
	sessions, released := make(chan *Session, 1), make(chan struct{}, 1)
	addr := serve(t, &Server{Handler: HandlerFunc(func(ctx context.Context, s *Session, _ string) ([]Result, error) {
		sessions <- s
		// A context made from the session's ends with it.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		<-ctx.Done()
		released <- struct{}{}
		return nil, nil
	})})
	db := open(t, addr, nil)
	failed := make(chan error, 1)
	go func() {
		_, err := db.Exec("hang")
		failed <- err
	}()
	(<-sessions).Close()
	<-released
	if err := <-failed; err == nil {
		t.Error("no error")
	}
}

func TestConnectionsBreak(t *testing.T) {
	cases := map[string]struct {
		handler HandlerFunc
		want    error
	}{
		"closed": {want: io.EOF, handler: func(context.Context, *Session, string) ([]Result, error) {
			return []Result{oneRow}, ErrCloseConn
		}},
		"reset": {want: syscall.ECONNRESET, handler: func(_ context.Context, s *Session, _ string) ([]Result, error) {
			s.Abort()
			return nil, nil
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client := dialRaw(t, serve(t, &Server{Handler: c.handler}))
			client.signIn(0)
			client.seq = 0
			client.send([]byte{byte(ComQuery), 'x'})
			if _, err := client.readPacket(); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestOnConnect(t *testing.T) {
	t.Run("refused", func(t *testing.T) {
		addr := serve(t, &Server{Handler: answer(), OnConnect: func(context.Context, *Session) error {
			return &Error{CodeTooManyConnections, "08004", "Too many connections"}
		}})
		if err := open(t, addr, nil).Ping(); code(err) != CodeTooManyConnections {
			t.Errorf("got %v", err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		addr := serve(t, &Server{Handler: answer(), OnConnect: func(context.Context, *Session) error { return ErrCloseConn }})
		if err := open(t, addr, nil).Ping(); err == nil {
			t.Error("no error")
		}
	})
	t.Run("no greeting", func(t *testing.T) {
		released := make(chan struct{}, 1)
		addr := serve(t, &Server{Handler: answer(), OnConnect: func(ctx context.Context, _ *Session) error {
			<-ctx.Done()
			released <- struct{}{}
			return ctx.Err()
		}})
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		<-released
	})
	t.Run("no handler", func(t *testing.T) {
		if err := open(t, serve(t, &Server{}), nil).Ping(); code(err) != CodeUnknown {
			t.Errorf("got %v", err)
		}
	})
}

func TestOneServerForManyAddresses(t *testing.T) {
	server := &Server{OnConnect: func(_ context.Context, s *Session) error {
		host, _, err := net.SplitHostPort(s.LocalAddr().String())
		s.SetVersion("8.0." + host[strings.LastIndexByte(host, '.')+1:])
		s.SetHandler(answer(Result{Columns: []string{"host"}, Rows: [][]any{{host}}}))
		return err
	}}
	for _, host := range []string{"127.0.0.1", "127.0.0.2"} {
		addr, _ := serveAt(t, server, host+":0")
		var got string
		if err := open(t, addr, nil).QueryRow("select").Scan(&got); err != nil || got != host {
			t.Errorf("got %q, %v", got, err)
		}
		if want := "8.0." + host[8:]; !bytes.Contains(dialRaw(t, addr).greeting, []byte(want)) {
			t.Errorf("version is not %s", want)
		}
	}
}

// pinger answers pings with an error.
type pinger struct{ HandlerFunc }

func (pinger) Ping(context.Context, *Session) error { return ErrCloseConn }

func TestPing(t *testing.T) {
	if err := open(t, serve(t, &Server{Handler: answer()}), nil).Ping(); err != nil {
		t.Error(err)
	}
	if err := open(t, serve(t, &Server{Handler: pinger{answer()}}), nil).Ping(); !errors.Is(err, driver.ErrBadConn) && !errors.Is(err, mysql.ErrInvalidConn) {
		t.Errorf("got %v", err)
	}
}

func TestCommands(t *testing.T) {
	show := HandlerFunc(func(_ context.Context, s *Session, _ string) ([]Result, error) {
		return []Result{{Info: s.Database()}, {}}, nil
	})
	cases := []struct {
		name string
		caps Capability
		cmd  Command
		body string
		want string // the beginning of the answer
	}{
		{"ping", 0, ComPing, "", "\x00"},
		{"reset", 0, ComResetConnection, "", "\x00"},
		{"init db", 0, ComInitDB, "shop", "\x00"},
		{"prepare", 0, ComStmtPrepare, "select 1", "\xff\x0f\x05#HY000"},
		{"unknown", 0, 0x55, "", "\xff\x17\x04#08S01"},
		{"register replica", 0, ComRegisterSlave, "", "\xff\x17\x04#08S01"},
		{"multi-statements on", 0, ComSetOption, "\x00\x00", "\xfe"},
		{"multi-statements off", 0, ComSetOption, "\x01\x00", "\xfe"},
		{"unknown option", 0, ComSetOption, "\x07\x00", "\xff"},
		{"two results for a client of one", 0, ComQuery, "x", "\xff\x20\x05#0A000"},
		{"two results", ClientMultiResults, ComQuery, "x", "\x00\x00\x00\x0a\x00"},
	}
	addr := serve(t, &Server{Handler: show})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client := dialRaw(t, addr)
			client.signIn(c.caps)
			if got := client.command(c.cmd, c.body); !strings.HasPrefix(string(got), c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("database is kept", func(t *testing.T) {
		client := dialRaw(t, addr)
		client.signIn(ClientMultiResults)
		client.command(ComInitDB, "shop")
		if got := client.command(ComQuery, "x"); !bytes.HasSuffix(got, []byte("shop")) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("commands without an answer", func(t *testing.T) {
		client := dialRaw(t, addr)
		client.signIn(0)
		client.seq = 0
		client.send([]byte{byte(ComStmtClose), 1, 0, 0, 0})
		if got := client.command(ComPing, ""); got[0] != headerOK {
			t.Errorf("got %q", got)
		}
	})
	t.Run("quit", func(t *testing.T) {
		client := dialRaw(t, addr)
		client.signIn(0)
		client.seq = 0
		client.send([]byte{byte(ComQuit)})
		if _, err := client.readPacket(); err != io.EOF {
			t.Errorf("got %v", err)
		}
	})
}

// TestPipelining sends the next command while a handler waits: the byte that
// its watcher reads ahead must not get lost.
func TestPipelining(t *testing.T) {
	entered, goOn := make(chan struct{}), make(chan struct{})
	addr := serve(t, &Server{Handler: HandlerFunc(func(ctx context.Context, _ *Session, text string) ([]Result, error) {
		ctx.Done()
		entered <- struct{}{}
		<-goOn
		return []Result{{Info: text}}, ctx.Err()
	})})
	for _, atOnce := range []bool{false, true} {
		client := dialRaw(t, addr)
		client.signIn(0)
		texts := []string{"first", strings.Repeat("second", 30), "third", "fourth"}
		go func() {
			for range texts {
				<-entered
				goOn <- struct{}{}
			}
		}()
		for _, text := range texts {
			client.seq = 0
			client.writePacket(append([]byte{byte(ComQuery)}, text...))
			if !atOnce {
				if err := client.flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := client.flush(); err != nil {
			t.Fatal(err)
		}
		for _, text := range texts {
			client.seq = 1
			if got := client.read(); string(got[8:]) != text {
				t.Errorf("got %q, want %q", got, text)
			}
		}
	}
}

// stream is a handler of a command that talks both ways.
type stream struct{ HandlerFunc }

func (stream) Command(_ context.Context, s *Session, cmd Command, payload []byte) error {
	if cmd != ComBinlogDump {
		return &Error{CodeUnknownCommand, "08S01", "no"}
	}
	for _, b := range bytes.Fields(payload) {
		s.WritePacket(b)
		if err := s.Flush(); err != nil {
			return err
		}
		s.ResetSequence()
		if ack, err := s.ReadPacket(); err != nil || !bytes.HasPrefix(ack, []byte("ack")) {
			return errors.Join(err, errors.New("no ack"))
		}
	}
	s.WriteEOF()
	return nil
}

func TestCommandHandler(t *testing.T) {
	client := dialRaw(t, serve(t, &Server{Handler: stream{answer()}}))
	client.signIn(0)
	if got := client.command(ComRegisterSlave, ""); got[0] != headerERR {
		t.Errorf("got %q", got)
	}
	if got := client.command(ComBinlogDump, "one"); string(got) != "one" {
		t.Errorf("got %q", got)
	}
	client.seq = 0
	client.send([]byte("ack one"))
	if got := client.read(); got[0] != headerEOF {
		t.Errorf("got %q", got)
	}
	if got := client.command(ComPing, ""); got[0] != headerOK {
		t.Errorf("got %q", got)
	}
}

// waiting is a handler of commands that waits for its context.
type waiting struct {
	HandlerFunc
	entered, released chan struct{}
}

func (h waiting) Command(ctx context.Context, _ *Session, _ Command, _ []byte) error {
	h.entered <- struct{}{}
	<-ctx.Done()
	h.released <- struct{}{}
	return ctx.Err()
}

func TestCommandHandlerNoticesTheEnd(t *testing.T) {
	h := waiting{answer(), make(chan struct{}), make(chan struct{})}
	client := dialRaw(t, serve(t, &Server{Handler: h}))
	client.signIn(0)
	client.seq = 0
	client.send([]byte{byte(ComBinlogDumpGTID)})
	<-h.entered
	if err := client.rw.Close(); err != nil {
		t.Fatal(err)
	}
	<-h.released
}

func TestStateOfASession(t *testing.T) {
	server := &Server{}
	server.Handler = HandlerFunc(func(_ context.Context, s *Session, text string) ([]Result, error) {
		queries, _ := s.State.(int)
		s.State = queries + 1
		if name, ok := strings.CutPrefix(text, "use "); ok {
			s.SetDatabase(name)
		}
		if s.Server() != server || s.Capabilities().Has(ClientMultiStatements) {
			return nil, errors.New("wrong server or capabilities")
		}
		return []Result{{Columns: []string{"n", "db"}, Rows: [][]any{{s.State, s.Database()}}}}, nil
	})
	db := open(t, serve(t, server), nil)
	db.SetMaxOpenConns(1)
	for want, text := range []string{"a", "use shop", "b"} {
		var queries int
		var database string
		if err := db.QueryRow(text).Scan(&queries, &database); err != nil || queries != want+1 || (database == "shop") != (want > 0) {
			t.Errorf("%s: %d queries, database %q, %v", text, queries, database, err)
		}
	}
}

func TestLogTellsOfBrokenConnectionsOnly(t *testing.T) {
	var log bytes.Buffer
	server := &Server{Handler: answer(), Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	cases := map[string]struct {
		do   func(*rawClient)
		want string
	}{
		"quit":  {func(c *rawClient) { c.send([]byte{byte(ComQuit)}) }, ""},
		"close": {func(c *rawClient) {}, ""},
		"half a packet": {func(c *rawClient) {
			if _, err := c.rw.Write([]byte{9, 0}); err != nil {
				t.Fatal(err)
			}
		}, "unexpected EOF"},
		"out of order": {func(c *rawClient) {
			c.seq = 5
			c.send([]byte{byte(ComPing)})
			c.seq = 0
			c.read()
		}, "out of order"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			log.Reset()
			closed := make(chan struct{})
			server.OnClose = func(*Session) { close(closed) }
			addr, stop := serveAt(t, server, "127.0.0.1:0")
			client := dialRaw(t, addr)
			client.signIn(0)
			client.seq = 0
			c.do(client)
			if err := client.rw.Close(); err != nil {
				t.Fatal(err)
			}
			<-closed
			stop()
			if got := log.String(); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestServeConnEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	entered, released := make(chan struct{}, 1), make(chan struct{}, 1)
	near, far := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		(&Server{OnConnect: func(ctx context.Context, s *Session) error {
			_, err := hang(entered, released)(ctx, s, "")
			return err
		}}).ServeConn(ctx, far)
	}()
	<-entered
	cancel()
	<-released
	<-ended
	if _, err := near.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("got %v", err)
	}
}

// TestFleet runs many pretended servers, each a Server of its own, and takes
// one of them down.
func TestFleet(t *testing.T) {
	const servers = 100
	buffers := &BufferPool{}
	var dbs []*sql.DB
	var stops []func()
	for i := range servers {
		addr, stop := serveAt(t, &Server{
			Handler: answer(Result{Columns: []string{"id"}, Rows: [][]any{{i}}}),
			Buffers: buffers,
		}, "127.0.0.1:0")
		stops = append(stops, stop)
		dbs = append(dbs, open(t, addr, nil))
	}
	check := func(dead int) {
		var all sync.WaitGroup
		for i, db := range dbs {
			all.Go(func() {
				var got int
				err := db.QueryRow("select").Scan(&got)
				if i == dead && err == nil || i != dead && (err != nil || got != i) {
					t.Errorf("server %d says %d, %v", i, got, err)
				}
			})
		}
		all.Wait()
	}
	check(-1)
	stops[7]()
	check(7)
}

func TestServeEndsWithItsListener(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	if err := (&Server{Handler: answer()}).Serve(t.Context(), ln); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// troubled is a listener that cannot accept for a while.
type troubled struct {
	net.Listener
	failures int
}

func (l *troubled) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, syscall.EMFILE
	}
	return nil, net.ErrClosed
}

func (l *troubled) Close() error { return nil }

func (l *troubled) Addr() net.Addr { return &net.TCPAddr{} }

func TestAcceptWaitsForFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		err := (&Server{Handler: answer()}).Serve(t.Context(), &troubled{failures: 3})
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
		if got, want := time.Since(begin), 35*time.Millisecond; got != want {
			t.Errorf("waited %v, want %v", got, want)
		}
	})
}

// TestFakeTime shows a server and the driver on a fake clock: a slow handler
// and an impatient client.
func TestFakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		server := &Server{Handler: HandlerFunc(func(ctx context.Context, _ *Session, _ string) ([]Result, error) {
			select {
			case <-time.After(time.Minute):
				return []Result{oneRow}, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		})}
		ended := make(chan struct{}, 2)
		db := open(t, "pipe", func(c *mysql.Config) {
			c.DialFunc = func(context.Context, string, string) (net.Conn, error) {
				near, far := net.Pipe()
				go func() {
					server.ServeConn(ctx, far)
					ended <- struct{}{}
				}()
				return near, nil
			}
		})
		var got int
		if err := db.QueryRow("select").Scan(&got); err != nil || got != 1 {
			t.Errorf("got %d, %v", got, err)
		}
		begin := time.Now()
		short, stop := context.WithTimeout(ctx, time.Second)
		defer stop()
		if _, err := db.ExecContext(short, "select"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		<-ended
		if waited := time.Since(begin); waited != time.Second {
			t.Errorf("waited %v", waited)
		}
		cancel()
	})
}

func TestSignInTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		go func() { _, _ = io.Copy(io.Discard, near) }()
		begin := time.Now()
		(&Server{Handler: answer(), SignInTimeout: time.Minute}).ServeConn(t.Context(), far)
		if waited := time.Since(begin); waited != time.Minute {
			t.Errorf("waited %v", waited)
		}
	})
}
