package wire

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"testing"
)

// BenchmarkQuery measures the server end with a client that costs next to
// nothing: a query, and one row back.
func BenchmarkQuery(b *testing.B) {
	wide := Result{Rows: [][]any{nil}}
	for i := range 60 {
		wide.Columns = append(wide.Columns, fmt.Sprintf("Column_of_a_status_%d", i))
		wide.Rows[0] = append(wide.Rows[0], "value")
	}
	cases := []struct {
		name   string
		result Result
		query  string
	}{
		{"one column", oneRow, "select 1"},
		{"60 columns", wide, "show replica status"},
		{"long text", oneRow, "select /* " + string(make([]byte, 500)) + "*/ 1"},
	}
	for _, c := range cases {
		b.Run(c.name, func(b *testing.B) {
			results := []Result{c.result}
			client := dialRaw(b, serve(b, &Server{Handler: HandlerFunc(func(context.Context, *Session, string) ([]Result, error) {
				return results, nil
			})}))
			client.signIn(ClientDeprecateEOF)
			request := packets(b, append([]byte{byte(ComQuery)}, c.query...))
			answer := make([]byte, 64<<10)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := client.rw.Write(request); err != nil {
					b.Fatal(err)
				}
				// The answer leaves in one write, and its end is an OK packet
				// of 7 bytes.
				n := 0
				for n < 11 || answer[n-7] != headerEOF || answer[n-11] != 7 {
					m, err := client.rw.Read(answer[n:])
					if err != nil {
						b.Fatal(err)
					}
					n += m
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "queries/s")
		})
	}
}

// BenchmarkIdleConnection reports the memory of one connection that has
// answered a query and waits: heap and stack of the server end, and of a
// client that holds nothing but its socket.
func BenchmarkIdleConnection(b *testing.B) {
	for _, servers := range []bool{false, true} {
		name := "one listener"
		if servers {
			name = "a listener each"
		}
		b.Run(name, func(b *testing.B) {
			const connections = 1000
			for b.Loop() {
				bytes, stack := idleMemory(b, connections, servers)
				b.ReportMetric(bytes/connections, "B/conn")
				b.ReportMetric(stack/connections, "stack-B/conn")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// idleMemory opens connections and gives how much memory is used by them.
func idleMemory(b *testing.B, connections int, listenerEach bool) (bytes, stack float64) {
	buffers := &BufferPool{}
	newServer := func() *Server { return &Server{Handler: answer(oneRow), Buffers: buffers} }
	clients := make([]net.Conn, 0, connections)
	before := memory()
	addr, stop := serveAt(b, newServer(), "127.0.0.1:0")
	stops := []func(){stop}
	for len(clients) < connections {
		if listenerEach {
			addr, stop = serveAt(b, newServer(), "127.0.0.1:0")
			stops = append(stops, stop)
		}
		clients = append(clients, dialIdle(b, addr))
	}
	after := memory()
	for _, c := range clients {
		_ = c.Close()
	}
	for _, stop := range stops {
		stop()
	}
	stack = float64(after.StackInuse) - float64(before.StackInuse)
	return float64(after.HeapInuse) - float64(before.HeapInuse) + stack, stack
}

// dialIdle signs in, sends one query and leaves the bare connection.
func dialIdle(b *testing.B, addr string) net.Conn {
	c := dialRaw(b, addr)
	c.signIn(ClientDeprecateEOF)
	c.command(ComQuery, "select")
	for c.seq < 5 {
		c.read()
	}
	return c.rw
}

// memory gives the figures after the garbage is gone and stacks have shrunk.
func memory() (m runtime.MemStats) {
	for range 4 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m
}
