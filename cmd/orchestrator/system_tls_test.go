package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{pool: x509.NewCertPool()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	text, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	must(t, err)
	a.certificate, err = x509.ParseCertificate(text)
	must(t, err)
	a.pool.AddCert(a.certificate)
	return a
}

// issue signs a certificate for 127.0.0.1 and its clients, of an organisational unit.
func (a *authority) issue(t *testing.T, unit string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	text, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "party", OrganizationalUnit: []string{unit}}, NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}, a.certificate, key.Public(), a.key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{text}, PrivateKey: key}
}

// save writes a certificate, its key and the one of the authority.
func (a *authority) save(t *testing.T, dir string, c tls.Certificate) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	must(t, err)
	for name, block := range map[string]*pem.Block{
		"cert.pem": {Type: "CERTIFICATE", Bytes: c.Certificate[0]},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: key},
		"ca.pem":   {Type: "CERTIFICATE", Bytes: a.certificate.Raw},
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600))
	}
}

// TestCertificatesOfClients asks a service that wants certificates of its clients. With no unit declared valid nobody
// passes.
func TestCertificatesOfClients(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	none := []tls.Certificate(nil)
	dba, ops := []tls.Certificate{ours.issue(t, "dba")}, []tls.Certificate{ours.issue(t, "ops")}
	for name, c := range map[string]struct {
		units, more string
		client      []tls.Certificate
		clusters    int
		status      int
	}{
		"a valid unit":                     {`["dba"]`, "", dba, 200, 200},
		"another unit":                     {`["dba"]`, "", ops, 401, 200},
		"another unit, status checked":     {`["dba"]`, `, "StatusOUVerify": true`, ops, 401, 401},
		"no certificate":                   {`["dba"]`, "", none, 401, 200},
		"no valid unit":                    {`[]`, "", dba, 401, 200},
		"no valid unit and no certificate": {`[]`, "", none, 401, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			ours.save(t, dir, ours.issue(t, "service"))
			s := launchProcess(t, dir, fmt.Sprintf(`"UseSSL": true, "UseMutualTLS": true, "SSLCertFile": "cert.pem", "SSLPrivateKeyFile": "key.pem", "SSLCAFile": "ca.pem", "SSLValidOUs": %s%s`, c.units, c.more))
			s.awaitLog(t, "INFO listening ")
			s.url = strings.Replace(s.url, "http:", "https:", 1)
			s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: ours.pool, Certificates: c.client}}
			defer s.client.CloseIdleConnections()
			if status, body := s.get(t, "/api/clusters"); status != c.clusters {
				t.Errorf("clusters: %d %s", status, body)
			}
			if status, body := s.get(t, "/api/status"); status != c.status {
				t.Errorf("status: %d %s", status, body)
			}
		})
	}
	t.Run("a certificate of somebody else", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		ours.save(t, dir, ours.issue(t, "service"))
		s := launchProcess(t, dir, `"UseSSL": true, "UseMutualTLS": true, "SSLCertFile": "cert.pem", "SSLPrivateKeyFile": "key.pem", "SSLCAFile": "ca.pem", "SSLValidOUs": ["dba"]`)
		s.awaitLog(t, "INFO listening ")
		client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs: ours.pool, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				c := theirs.issue(t, "dba")
				return &c, nil
			},
		}}}
		defer client.CloseIdleConnections()
		if w, err := client.Get(strings.Replace(s.url, "http:", "https:", 1) + "/api/clusters"); err == nil {
			must(t, w.Body.Close())
			t.Errorf("accepted with %d", w.StatusCode)
		}
	})
	t.Run("a key that is not there", func(t *testing.T) {
		t.Parallel()
		s := launchProcess(t, t.TempDir(), `"UseSSL": true, "SSLCertFile": "cert.pem", "SSLPrivateKeyFile": "key.pem"`)
		s.refuses(t, "SSLCertFile", "cert.pem")
	})
}
