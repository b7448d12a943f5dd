package server

import (
	"context"
	"errors"
	"net"
	"strconv"

	"orchestrator/internal/wire"
)

// DumpBinlog hands the raw events of a binary log and of all later ones to each, in their order, until the newest log
// ends, each fails, or ctx ends. It begins at the start of the file. The bytes are valid during the call only. Whether
// events end in a checksum, the format description before them says. The user needs the privilege REPLICATION SLAVE,
// and a sign-in by mysql_native_password or caching_sha2_password.
func (s *Server) DumpBinlog(ctx context.Context, file string, each func(event []byte) error) error {
	const op = "read binary logs"
	// What it takes to sign in here is learnt on the way that all statements go.
	if err := s.Warm(ctx); err != nil {
		return s.during(op, err)
	}
	d, _ := s.Dialect()
	c, err := s.signInBare(ctx)
	if err != nil {
		return s.failWire(op, err)
	}
	defer c.Close() // nothing is left to be said to the server
	dump := wire.Dump{File: file, Pos: 4, Flags: wire.DumpNonBlocking}
	if d.isMariaDB() {
		dump.Flags |= wire.DumpAnnotations
	}
	for _, sql := range d.PrepareDump() {
		if err := c.Exec(ctx, sql); err != nil {
			return s.failWire(op, err)
		}
	}
	var taking error
	err = c.DumpBinlog(ctx, dump, func(event []byte) error {
		taking = each(event)
		return taking
	})
	if taking != nil {
		return taking
	}
	return s.failWire(op+" from "+file+" on", err)
}

// PrepareDump says what this program understands of a binary log, so that the server sends it unchanged.
func (d Dialect) PrepareDump() []string {
	if d.isMariaDB() {
		return []string{"SET @master_binlog_checksum=@@global.binlog_checksum, @mariadb_slave_capability=4"}
	}
	return []string{"SET @master_binlog_checksum=@@global.binlog_checksum, @source_binlog_checksum=@@global.binlog_checksum"}
}

// signInBare opens a connection without the driver, for what the driver has no words for.
func (s *Server) signInBare(ctx context.Context) (*wire.Client, error) {
	o := s.set.options.Load()
	ctx, cancel := context.WithTimeout(ctx, o.ConnectTimeout)
	defer cancel()
	conn, err := o.Dial(ctx, "tcp", net.JoinHostPort(s.key.Hostname, strconv.Itoa(s.key.Port)))
	if err != nil {
		return nil, err
	}
	id := wire.ClientConfig{User: o.User, Password: o.Password}
	if o.TLSMode == TLSAlways || o.TLSMode == TLSMixed && s.needsTLS(o) {
		id.TLS = s.tlsConfig(o)
	}
	return wire.SignIn(ctx, conn, id)
}

// failWire makes an *Error of what went wrong on such a connection.
func (s *Server) failWire(op string, err error) error {
	var answer *wire.Error
	if errors.As(err, &answer) {
		return &Error{Key: s.key, Op: op, Code: answer.Code, Kind: kindOfCode(answer.Code), Err: err}
	}
	return s.fail(op, err, true)
}
