package server_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orchestrator/internal/server"
	"orchestrator/internal/topology"
	"orchestrator/internal/wire"
)

// brief is how long to wait for what will not come, and yet longer than a busy machine takes for what must come before it.
const brief = 500 * time.Millisecond

// fake is a pretended server that answers statements from a table and remembers what it was asked.
type fake struct {
	key topology.Key
	srv *wire.Server

	mu       sync.Mutex
	answers  []answer
	forget   bool     // do not remember them
	asked    []string // one entry for each query, which may hold several statements
	sessions map[*wire.Session]bool
	hang     chan struct{} // not nil: queries wait until it is closed or the client goes
	conns    []net.Conn    // all that were ever accepted
	stop     func()

	encrypted atomic.Int32 // sessions over TLS that are over
}

// answer is what a statement that begins with a text gets.
type answer struct {
	begins    string
	result    wire.Result
	err       error
	times     *atomic.Int32  // not nil: how often the error comes before the result does
	wait      chan struct{}  // not nil: the answer comes when it is closed
	variables map[string]any // instead: answers SELECTs of these variables
}

func newFake(t testing.TB, answers ...answer) *fake {
	t.Helper()
	return newFakeWith(t, func(*fake) {}, answers...)
}

// newFakeWith makes a fake that is configured before it serves.
func newFakeWith(t testing.TB, configure func(*fake), answers ...answer) *fake {
	t.Helper()
	f := &fake{answers: answers, sessions: make(map[*wire.Session]bool)}
	f.srv = &wire.Server{
		Handler: f,
		OnConnect: func(_ context.Context, s *wire.Session) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.sessions[s] = true
			return nil
		},
		OnClose: func(s *wire.Session) {
			f.mu.Lock()
			defer f.mu.Unlock()
			delete(f.sessions, s)
			if s.Capabilities().Has(wire.ClientSSL) {
				f.encrypted.Add(1)
			}
		},
	}
	configure(f)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	f.key = topology.Key{Hostname: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.srv.Serve(ctx, keeper{ln, f}) }()
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(f.stop)
	return f
}

// keeper remembers the connections that a fake accepts.
type keeper struct {
	net.Listener
	fake *fake
}

func (k keeper) Accept() (net.Conn, error) {
	c, err := k.Listener.Accept()
	if err == nil {
		k.fake.mu.Lock()
		defer k.fake.mu.Unlock()
		k.fake.conns = append(k.fake.conns, c)
	}
	return c, err
}

// sayToAll writes something unasked on all connections.
func (f *fake) sayToAll(t testing.TB, bytes string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		must1(c.Write([]byte(bytes)))(t)
	}
}

// Query answers each statement from the table; the first that has an error ends the answer.
func (f *fake) Query(ctx context.Context, _ *wire.Session, sql string) ([]wire.Result, error) {
	f.mu.Lock()
	if !f.forget {
		f.asked = append(f.asked, sql)
	}
	hang := f.hang
	answers := f.answers
	f.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-ctx.Done():
			return nil, wire.ErrCloseConn
		}
	}
	var out []wire.Result
	for _, statement := range wire.SplitStatements(sql) {
		r, err := find(answers, statement)
		if err != nil {
			return out, err
		}
		out = append(out, r)
	}
	return out, nil
}

// selectFrom answers a SELECT of global variables, each with an alias, as a server that has just these.
func selectFrom(variables map[string]any, statement string) (wire.Result, error) {
	var columns []string
	var values []any
	for item := range strings.SplitSeq(strings.TrimPrefix(statement, "SELECT "), ", ") {
		name, alias, _ := strings.Cut(strings.TrimPrefix(item, "@@global."), " AS ")
		v, ok := variables[name]
		if !ok {
			return wire.Result{}, &wire.Error{Code: wire.CodeUnknownVariable, Message: "Unbekannte Variable " + name}
		}
		columns = append(columns, alias)
		values = append(values, v)
	}
	return row(columns, values...), nil
}

func find(answers []answer, statement string) (wire.Result, error) {
	for _, a := range answers {
		if a.begins != "" && strings.HasPrefix(statement, a.begins) {
			if a.wait != nil {
				<-a.wait
			}
			if a.times != nil && a.times.Add(-1) < 0 {
				return a.result, nil
			}
			return a.result, a.err
		}
		if a.variables != nil && strings.HasPrefix(statement, "SELECT @@global.") {
			return selectFrom(a.variables, statement)
		}
	}
	if strings.HasPrefix(statement, "SET ") {
		return wire.Result{}, nil
	}
	return wire.Result{}, &wire.Error{Code: wire.CodeParse, State: "42000", Message: "no answer prepared near '" + statement + "'"}
}

// change replaces the answer to a statement, or adds one.
func (f *fake) change(as ...answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers = append(as, f.answers...)
}

// refuseFirst refuses the first connection with an error number.
func (f *fake) refuseFirst(code uint16) {
	next := f.srv.OnConnect
	var refused atomic.Bool
	f.srv.OnConnect = func(ctx context.Context, s *wire.Session) error {
		if !refused.Swap(true) {
			return &wire.Error{Code: code, Message: "nein"}
		}
		return next(ctx, s)
	}
}

// queries returns what was asked since the last call.
func (f *fake) queries() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := f.asked
	f.asked = nil
	return asked
}

// drop ends all connections, as a dying server does.
func (f *fake) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.sessions {
		s.Close()
	}
}

func (f *fake) setHang(c chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hang = c
}

func (f *fake) connected() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.sessions)
}

func row(columns []string, values ...any) wire.Result {
	return wire.Result{Columns: columns, Rows: [][]any{values}}
}

func rows(columns []string, rows ...[]any) wire.Result {
	return wire.Result{Columns: columns, Rows: rows}
}

func refuse(begins string, code uint16) answer {
	return answer{begins: begins, err: &wire.Error{Code: code, Message: "eine Meldung in irgendeiner Sprache"}}
}

// version is the answer to the first question to any server.
func version(version, comment string) answer {
	return answer{begins: "SELECT @@global.version", result: row([]string{"@@global.version", "@@global.version_comment"}, version, comment)}
}

func identity(version, comment string) answer {
	return answer{begins: "SELECT CONNECTION_ID()", result: row([]string{"CONNECTION_ID()", "v", "c"}, 7, version, comment)}
}

// mysql80 answers like a MySQL 8.0.36 replica with semi-sync under the old names and one replica of its own.
func mysql80() []answer {
	return []answer{
		version("8.0.36", "MySQL Community Server - GPL"),
		identity("8.0.36", "MySQL Community Server - GPL"),
		{variables: map[string]any{
			"server_id": 102, "read_only": 1, "binlog_format": "ROW", "binlog_row_image": "MINIMAL", "super_read_only": 1, "offline_mode": 0,
			"gtid_mode":     "ON",
			"gtid_executed": "1f85987c-e4be-11f1-927e-02fc00000001:1-5,\n2f85987c-e4be-11f1-927e-02fc00000001:1",
			"gtid_purged":   "1f85987c-e4be-11f1-927e-02fc00000001:1-2",
			"hostname":      "db2", "report_host": "db2.example.com", "log_bin": 1, "log_bin_index": "/var/lib/mysql/binlog.index",
			"performance_schema": 1, "log_replica_updates": 1, "server_uuid": "2f85987c-e4be-11f1-927e-02fc00000001",
			"rpl_semi_sync_master_enabled": 0, "rpl_semi_sync_master_timeout": 5000, "rpl_semi_sync_master_wait_for_slave_count": 2,
			"rpl_semi_sync_slave_enabled":  1,
			"rpl_semi_sync_source_enabled": 1, "rpl_semi_sync_source_timeout": 9000, "rpl_semi_sync_source_wait_for_replica_count": 3,
			"rpl_semi_sync_replica_enabled": 0,
		}},
		{begins: "SHOW GLOBAL VARIABLES WHERE Variable_name LIKE", result: rows([]string{"Variable_name", "Value"},
			[]any{"rpl_semi_sync_master_enabled", "OFF"}, []any{"rpl_semi_sync_master_timeout", "5000"}, []any{"rpl_semi_sync_master_wait_for_slave_count", "2"},
			[]any{"rpl_semi_sync_slave_enabled", "ON"})},
		{begins: "SHOW GLOBAL STATUS LIKE 'Uptime'", result: row([]string{"Variable_name", "Value"}, "Uptime", "3600")},
		{begins: "SHOW REPLICA STATUS", result: row(
			[]string{"Replica_IO_State", "Source_Host", "Source_User", "Source_Port", "Connect_Retry", "Source_Log_File", "Read_Source_Log_Pos",
				"Relay_Log_File", "Relay_Log_Pos", "Relay_Source_Log_File", "Replica_IO_Running", "Replica_SQL_Running", "Replicate_Do_DB",
				"Last_Errno", "Exec_Source_Log_Pos", "Source_SSL_Allowed", "Source_SSL_CA_File", "Seconds_Behind_Source",
				"Source_SSL_Verify_Server_Cert", "Last_IO_Errno", "Last_IO_Error", "Last_SQL_Errno", "Last_SQL_Error", "Source_UUID", "SQL_Delay",
				"Source_Retry_Count", "Retrieved_Gtid_Set", "Executed_Gtid_Set", "Auto_Position", "Channel_Name", "Source_TLS_Version",
				"Source_public_key_path", "Get_Source_public_key", "Network_Namespace"},
			"Waiting for source to send event", "db1", "repl", 3306, 60, "binlog.000007", 1500,
			"relay.000003", 700, "binlog.000007", "Yes", "Yes", "sales",
			0, 1400, "Yes", "/ca.pem", 3,
			"No", 0, "", 0, "", "1f85987c-e4be-11f1-927e-02fc00000001", 10,
			86400, "1f85987c-e4be-11f1-927e-02fc00000001:3-5", "1f85987c-e4be-11f1-927e-02fc00000001:1-5", 1, "", "TLSv1.2",
			"", 1, "")},
		{begins: "SHOW MASTER STATUS", result: row([]string{"File", "Position", "Binlog_Do_DB", "Binlog_Ignore_DB", "Executed_Gtid_Set"}, "binlog.000004", 197, "", "", "")},
		{begins: "SHOW GLOBAL STATUS WHERE", result: rows([]string{"Variable_name", "Value"},
			[]any{"Rpl_semi_sync_master_status", "OFF"}, []any{"Rpl_semi_sync_master_clients", "1"}, []any{"Rpl_semi_sync_slave_status", "ON"})},
		{begins: "SHOW REPLICAS", result: row([]string{"Server_Id", "Host", "Port", "Source_Id", "Replica_UUID"}, 103, "db3.example.com", 3307, 102, "3f85987c-e4be-11f1-927e-02fc00000001")},
		{begins: "SELECT HOST, USER FROM performance_schema.processlist", result: row([]string{"HOST", "USER"}, "db3.example.com:54321", "repl")},
		{begins: "SELECT COUNT(*) FROM mysql.slave_master_info", result: row([]string{"COUNT(*)"}, 1)},
		{begins: "SELECT CHANNEL_NAME, HEARTBEAT_INTERVAL", result: row([]string{"CHANNEL_NAME", "HEARTBEAT_INTERVAL"}, "", "30.000")},
	}
}

// mysql84 answers like a MySQL 8.4 primary of a group, with semi-sync under the new names.
func mysql84() []answer {
	replica := []string{"Source_Host", "Source_Port", "Replica_IO_Running", "Replica_SQL_Running", "Channel_Name"}
	return append([]answer{
		version("8.4.3", "MySQL Community Server - GPL"),
		identity("8.4.3", "MySQL Community Server - GPL"),
		{begins: "SHOW REPLICA STATUS", result: rows(replica)},
		{begins: "SHOW BINARY LOG STATUS", result: row([]string{"File", "Position"}, "binlog.000009", 4000)},
		{begins: "SHOW GLOBAL VARIABLES WHERE Variable_name LIKE", result: rows([]string{"Variable_name", "Value"},
			[]any{"group_replication_group_name", "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"}, []any{"group_replication_single_primary_mode", "ON"},
			[]any{"rpl_semi_sync_source_enabled", "ON"}, []any{"rpl_semi_sync_source_timeout", "10000"}, []any{"rpl_semi_sync_source_wait_for_replica_count", "1"},
			[]any{"rpl_semi_sync_replica_enabled", "OFF"})},
		{begins: "SHOW GLOBAL STATUS WHERE", result: rows([]string{"Variable_name", "Value"},
			[]any{"Rpl_semi_sync_source_status", "ON"}, []any{"Rpl_semi_sync_source_clients", "2"}, []any{"Rpl_semi_sync_replica_status", "OFF"})},
		{begins: "SELECT MEMBER_ID", result: rows([]string{"MEMBER_ID", "MEMBER_HOST", "MEMBER_PORT", "MEMBER_STATE", "MEMBER_ROLE"},
			[]any{"2f85987c-e4be-11f1-927e-02fc00000001", "db2", 3306, "ONLINE", "PRIMARY"},
			[]any{"3f85987c-e4be-11f1-927e-02fc00000001", "db3", 3306, "RECOVERING", "SECONDARY"},
			[]any{"4f85987c-e4be-11f1-927e-02fc00000001", "db4", 3306, "OFFLINE", ""})},
	}, mysql80()...)
}

func (f *fake) open(t testing.TB, change func(*server.Options)) *server.Server {
	t.Helper()
	o := server.Options{User: "u", Password: "p"}
	if change != nil {
		change(&o)
	}
	return open(t, o).For(f.key)
}

// toLoopback connects to a port of this machine, whatever the host is called.
func toLoopback(ctx context.Context, network, addr string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	return d.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}
