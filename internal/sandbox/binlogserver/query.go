package binlogserver

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/wire"
)

// version is what it greets with.
const version = "10.2.12-21.06-maxscale"

var errSyntax = &wire.Error{Code: wire.CodeParse, State: "42000", Message: "You have an error in your SQL syntax"}

// Query implements wire.Handler: one statement at a time, as MaxScale does.
func (s *Server) Query(_ context.Context, _ *wire.Session, sql string) ([]wire.Result, error) {
	text := strings.Join(strings.Fields(strings.TrimRight(strings.TrimSpace(sql), ";")), " ")
	if strings.Contains(text, ";") {
		return nil, errSyntax
	}
	upper := strings.ToUpper(text)
	begins := func(prefix string) bool { return strings.HasPrefix(upper, prefix) }
	switch {
	case begins("SET "):
		return nil, nil
	case begins("SELECT UNIX_TIMESTAMP"):
		return one([]string{"UNIX_TIMESTAMP()"}, time.Now().Unix()), nil
	case begins("SELECT @MASTER_BINLOG_CHECKSUM"):
		return one([]string{"@master_binlog_checksum"}, map[bool]string{true: "CRC32", false: "NONE"}[s.summed()]), nil
	case begins("SELECT @@GLOBAL.GTID_DOMAIN_ID"):
		return one([]string{"@@GLOBAL.gtid_domain_id"}, 0), nil
	case begins("SELECT @@VERSION"):
		return one([]string{"@@version", "@@version_comment"}, version, ""), nil
	case begins("SELECT @@GLOBAL.SERVER_ID"):
		return one([]string{"server_id"}, s.o.ID), nil
	case begins("SHOW VARIABLES LIKE 'SERVER_ID'"):
		return one([]string{"Variable_name", "Value"}, "server_id", s.o.ID), nil
	case begins("SHOW VARIABLES LIKE 'MAXSCALE%'"):
		return one([]string{"Variable_name", "Value"}, "MAXSCALE_VERSION", "21.06"), nil
	case begins("SHOW MASTER STATUS"):
		file, pos := s.Position()
		return one([]string{"File", "Position", "Binlog_Do_DB", "Binlog_Ignore_DB"}, file, pos, "", ""), nil
	case begins("SHOW SLAVE STATUS"):
		return s.status(), nil
	case begins("SHOW SLAVE HOSTS"):
		return s.hosts(), nil
	case begins("STOP SLAVE"):
		s.stopFetching()
		return nil, nil
	case begins("START SLAVE"):
		s.start()
		return nil, nil
	case begins("CHANGE MASTER TO "):
		return nil, s.changeSource(text)
	}
	return nil, errSyntax
}

func one(columns []string, values ...any) []wire.Result {
	return []wire.Result{{Columns: columns, Rows: [][]any{values}}}
}

func (s *Server) hosts() []wire.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := wire.Result{Columns: []string{"Server_id", "Host", "Port", "Master_id"}}
	for id, who := range s.replicas {
		r.Rows = append(r.Rows, []any{id, who.host, who.port, s.o.ID})
	}
	return []wire.Result{r}
}

// status is SHOW SLAVE STATUS. What it has received it has, so to say, applied.
func (s *Server) status() []wire.Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	io, sql, errno, fault := "No", "No", 0, ""
	switch {
	case s.running:
		io, sql = "Yes", "Yes"
	case s.wanted:
		io, sql = "Connecting", "Yes"
		if s.fault != "" {
			errno, fault = 2003, fmt.Sprintf("error connecting to master '%s@%s' - message: %s", s.o.User, s.from.addr(), s.fault)
		}
	}
	return one([]string{"Slave_IO_State", "Master_Host", "Master_User", "Master_Port", "Master_Log_File", "Read_Master_Log_Pos", "Relay_Log_File", "Relay_Log_Pos",
		"Relay_Master_Log_File", "Slave_IO_Running", "Slave_SQL_Running", "Last_Errno", "Last_Error", "Exec_Master_Log_Pos", "Seconds_Behind_Master",
		"Last_IO_Errno", "Last_IO_Error", "Last_SQL_Errno", "Last_SQL_Error"},
		"", s.from.Host, s.o.User, s.from.Port, s.file, s.pos, s.file, s.pos,
		s.file, io, sql, 0, "", s.whole(), 0,
		errno, fault, 0, "")
}

var setting = regexp.MustCompile(`(?i)\bMASTER_(HOST|PORT|LOG_FILE|LOG_POS)\s*=\s*(?:'([^']*)'|(\d+))`)

// changeSource points it at another source. It goes on in the same log, or at the beginning of the next file.
func (s *Server) changeSource(text string) error {
	refuse := func(format string, args ...any) error {
		return &wire.Error{Code: 1234, Message: fmt.Sprintf(format, args...)}
	}
	s.mu.Lock()
	from, wanted, file, pos := s.from, s.wanted, s.file, s.pos
	s.mu.Unlock()
	if wanted {
		return &wire.Error{Code: 1198, Message: "This operation cannot be performed with a running slave; run STOP SLAVE first"}
	}
	at, place := file, uint64(pos)
	for _, m := range setting.FindAllStringSubmatch(text, -1) {
		number, _ := strconv.ParseUint(m[3], 10, 32) // digits; where there are none it is not used
		switch strings.ToUpper(m[1]) {
		case "HOST":
			from.Host = m[2]
		case "PORT":
			from.Port = int(number) //nolint:gosec // of 32 bits
		case "LOG_FILE":
			at = m[2]
		case "LOG_POS":
			place = number
		}
	}
	switch {
	case at == file && place == uint64(pos):
	case follows(file, at) && place == uint64(len(magic)):
		if err := errors.Join(s.cut(), s.create(at)); err != nil {
			return refuse("%v", err)
		}
	default:
		return refuse("its log ends at %s:%d, and cannot go on from %s:%d", file, pos, at, place)
	}
	s.change(func() { s.from = from })
	return nil
}

// follows says whether a file is the next after another one.
func follows(file, next string) bool {
	base, number, _ := strings.Cut(file, ".")
	n, err := strconv.Atoi(number)
	return err == nil && next == fmt.Sprintf("%s.%0*d", base, len(number), n+1)
}
