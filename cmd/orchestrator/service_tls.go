package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"orchestrator/internal/config"
)

// webTLS is how the web server proves who it is, and whether it wants the same of its clients.
func webTLS(c *config.Config) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(c.SSLCertFile, c.SSLPrivateKeyFile)
	if err != nil {
		return nil, fmt.Errorf("UseSSL with SSLCertFile %q and SSLPrivateKeyFile %q: %w", c.SSLCertFile, c.SSLPrivateKeyFile, err)
	}
	t := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if c.SSLCAFile != "" {
		pem, err := os.ReadFile(c.SSLCAFile)
		if err != nil {
			return nil, fmt.Errorf("SSLCAFile: %w", err)
		}
		t.ClientCAs = x509.NewCertPool()
		if !t.ClientCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("SSLCAFile %s: no certificate in it", c.SSLCAFile)
		}
	}
	if c.UseMutualTLS {
		// The status endpoint may be open to clients without a certificate (StatusOUVerify), so a missing one is refused
		// by the request's handler, not by the handshake; a wrong one by the handshake.
		t.ClientAuth = tls.VerifyClientCertIfGiven
	}
	return t, nil
}
