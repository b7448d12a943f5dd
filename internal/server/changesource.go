package server

import (
	"orchestrator/internal/topology"
)

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
