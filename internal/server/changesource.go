package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"time"

	"orchestrator/internal/topology"
)

// ChangeSource re-points a channel or changes its options; its threads must be stopped. What the change leaves zero
// stays as it is configured. A new host or port makes servers set the heartbeat period to half of their net timeout, so
// it is read before and named; where it cannot be read, that is what becomes of it. A channel that did not exist gets the version's
// defaults for the rest (see Fresh).
//
// Error 1201 (a MySQL server cannot initialise its replication metadata, which happens after a crash or an upgrade) is
// worked around once for replicas that find their place by auto position: the relay logs are reset, and the statement
// is repeated.
func (s *Server) ChangeSource(ctx context.Context, change SourceChange) error {
	op := "change replication source"
	if change.Source.Hostname != "" {
		op += " to " + change.Source.String()
	}
	if change.Source.Hostname != "" && change.Heartbeat == 0 && !change.Fresh {
		change.Heartbeat = s.heartbeat(ctx, change.Channel)
	}
	build := func(d Dialect) ([]string, error) {
		if err := d.checkMode(change.Mode); err != nil {
			return nil, err
		}
		return onChannel(change.Channel, func(d Dialect) string { return d.ChangeSource(change) })(d)
	}
	err := s.exec(ctx, op, build)
	if CodeOf(err) == 1201 && s.findsPlaceByGTID(ctx, change) {
		if resetErr := s.resetMetadata(ctx, op, change.Channel); resetErr != nil {
			return errors.Join(withoutSecrets(err, change.Password), resetErr)
		}
		err = s.exec(ctx, op, build)
	}
	return withoutSecrets(err, change.Password)
}

// heartbeat is the heartbeat period of a channel, 0 where it is not known. MySQL shows it apart from the status.
func (s *Server) heartbeat(ctx context.Context, channel string) (period time.Duration) {
	err := s.rows(ctx, "read heartbeat period", func(d Dialect) (string, error) {
		switch {
		case d.mysql(5, 7, 6):
			return "SELECT HEARTBEAT_INTERVAL FROM performance_schema.replication_connection_configuration WHERE CHANNEL_NAME=" + quote(channel), nil
		case d.mysql(5, 6, 0):
			return "SELECT VARIABLE_VALUE FROM information_schema.global_status WHERE VARIABLE_NAME='Slave_heartbeat_period'", nil
		}
		return "", unsupported("heartbeat periods: %s %s shows them with the status", d.Flavor, d.Version)
	}, func(_ []string, row []driver.Value) error {
		period = seconds(row[0])
		return nil
	})
	if err != nil {
		return 0 // a source is never left unchanged for want of it
	}
	return period
}

// findsPlaceByGTID says whether the channel needs nothing of its relay logs, because it uses auto position.
func (s *Server) findsPlaceByGTID(ctx context.Context, change SourceChange) bool {
	if change.Mode != KeepAsIs {
		return change.Mode == GTIDAuto
	}
	channels, err := s.Status(ctx)
	i := slices.IndexFunc(channels, func(c topology.Channel) bool { return c.Name == change.Channel })
	return err == nil && i >= 0 && channels[i].GTID == topology.OracleGTID
}

// resetMetadata makes a server write its replication metadata anew. Starting the IO thread in between initialises what
// a reset alone leaves; that it may fail to start is no matter.
func (s *Server) resetMetadata(ctx context.Context, op, channel string) error {
	reset := onChannel(channel, func(d Dialect) string { return d.ResetReplica(channel) })
	if err := s.exec(ctx, op+": reset the relay logs", reset); err != nil {
		return err
	}
	if err := s.StartReplica(ctx, IOThread, channel); err == nil {
		if err := s.StopReplica(ctx, IOThread, channel); err != nil {
			return err
		}
	}
	return s.exec(ctx, op+": reset the relay logs", reset)
}

func (d Dialect) checkMode(m PositionMode) error {
	switch {
	case m == GTIDAuto && !d.mysql(5, 6, 5):
		return unsupported("auto position: not in %s %s", d.Flavor, d.Version)
	case (m == MariaDBSlavePos || m == MariaDBCurrentPos) && !d.isMariaDB():
		return unsupported("MariaDB's GTID: not in %s %s", d.Flavor, d.Version)
	}
	return nil
}

// withoutSecrets takes a password out of the text of an error: servers quote a statement that they do not understand.
func withoutSecrets(err error, password string) error {
	var e *Error
	if password == "" || !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Err = redact(e.Err, password)
	return &c
}

// changeWords are the terms of a CHANGE statement in one dialect.
type changeWords struct {
	d       Dialect
	prefix  string // MASTER_ or SOURCE_
	command string
}

func (w changeWords) terms(c SourceChange) []string {
	var out []string
	add := func(name, value string) { out = append(out, w.prefix+name+"="+value) }
	if c.Source.Hostname != "" {
		add("HOST", quote(c.Source.Hostname))
		if c.Source.Port > 0 {
			add("PORT", itoa(int64(c.Source.Port)))
		}
	}
	if c.User != "" {
		add("USER", quote(c.User))
		add("PASSWORD", quote(c.Password))
	}
	out = append(out, w.position(c)...)
	if c.Fresh {
		c = c.withRetries()
	}
	if c.ConnectRetry > 0 {
		add("CONNECT_RETRY", serverSeconds(c.ConnectRetry))
	}
	if c.RetryCount != nil && !w.d.isMariaDB() {
		add("RETRY_COUNT", itoa(*c.RetryCount))
	}
	if c.Delay != nil {
		add("DELAY", itoa(*c.Delay))
	}
	if c.Heartbeat > 0 {
		add("HEARTBEAT_PERIOD", decimal(c.Heartbeat))
	}
	if c.TLS != nil {
		out = append(out, w.tls(c.TLS)...)
	}
	return out
}

// withRetries names the retries that were not given.
func (c SourceChange) withRetries() SourceChange {
	if c.ConnectRetry == 0 {
		c.ConnectRetry = FreshConnectRetry
	}
	if c.RetryCount == nil {
		n := FreshRetryCount
		c.RetryCount = &n
	}
	return c
}

func (w changeWords) position(c SourceChange) []string {
	file := []string{w.prefix + "LOG_FILE=" + quote(c.Coords.LogFile), w.prefix + "LOG_POS=" + itoa(c.Coords.LogPos)}
	switch c.Mode {
	case GTIDAuto:
		return []string{w.prefix + "AUTO_POSITION=1"}
	case MariaDBSlavePos:
		return []string{"MASTER_USE_GTID=slave_pos"}
	case MariaDBCurrentPos:
		return []string{"MASTER_USE_GTID=current_pos"}
	case FilePosition:
		if w.d.isMariaDB() {
			return append(file, "MASTER_USE_GTID=no")
		}
		if w.d.mysql(5, 6, 5) {
			return append(file, w.prefix+"AUTO_POSITION=0")
		}
		return file
	}
	return nil
}

// tls names every option that the server reports and the dialect knows, so that none depends on what the server keeps.
// Certificates and the like are named only when TLS is on or they are set: naming an empty one would be harmless, but
// makes the statement unreadable.
func (w changeWords) tls(t *topology.TLSOptions) []string {
	if w.d.mysql(0, 0, 0) || w.d.isMariaDB() {
		out := []string{w.prefix + "SSL=" + bit(t.Enabled)}
		text := func(known bool, name, value string) {
			if known && value != "" {
				out = append(out, name+"="+quote(value))
			}
		}
		flag := func(known bool, name string, value *bool) {
			if known && value != nil {
				out = append(out, name+"="+bit(*value))
			}
		}
		p := w.prefix
		text(true, p+"SSL_CA", t.CAFile)
		text(true, p+"SSL_CAPATH", t.CAPath)
		text(true, p+"SSL_CERT", t.Cert)
		text(true, p+"SSL_CIPHER", t.Cipher)
		text(true, p+"SSL_KEY", t.Key)
		text(true, p+"SSL_CRL", t.CRLFile)
		text(true, p+"SSL_CRLPATH", t.CRLPath)
		flag(true, p+"SSL_VERIFY_SERVER_CERT", t.VerifyServerCert)
		text(w.d.mysql(5, 7, 10), p+"TLS_VERSION", t.Version)
		text(w.d.mysql(8, 0, 19), p+"TLS_CIPHERSUITES", t.Ciphersuites)
		text(w.d.mysql(8, 0, 4), p+"PUBLIC_KEY_PATH", t.SourcePublicKeyPath)
		flag(w.d.mysql(8, 0, 4), "GET_"+p+"PUBLIC_KEY", t.GetSourcePublicKey)
		text(w.d.mysql(8, 0, 22), "NETWORK_NAMESPACE", t.NetworkNamespace)
		text(w.d.mysql(8, 0, 18), p+"COMPRESSION_ALGORITHMS", t.CompressionAlgorithm)
		return out
	}
	return nil
}
