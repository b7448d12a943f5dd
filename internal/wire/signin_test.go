package wire

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"
)

func passwords(user string) (string, bool) {
	p, ok := map[string]string{"anna": "secret", "empty": ""}[user]
	return p, ok
}

func TestSignIn(t *testing.T) {
	cases := []struct {
		name, user, password string
		want                 uint16
	}{
		{"right password", "anna", "secret", 0},
		{"wrong password", "anna", "Secret", CodeAccessDenied},
		{"no password given", "anna", "", CodeAccessDenied},
		{"unknown user", "bert", "secret", CodeAccessDenied},
		{"unknown user without password", "bert", "", CodeAccessDenied},
		{"empty password", "empty", "", 0},
		{"password where none is due", "empty", "x", CodeAccessDenied},
	}
	for _, plugin := range []AuthPlugin{"", NativePassword, CachingSHA2Password} {
		addr := serve(t, &Server{Handler: answer(), Password: passwords, Plugin: plugin})
		for _, c := range cases {
			t.Run(string(plugin)+" "+c.name, func(t *testing.T) {
				db := open(t, addr, func(cfg *mysql.Config) { cfg.User, cfg.Passwd = c.user, c.password })
				if err := db.Ping(); code(err) != c.want || (err == nil) != (c.want == 0) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestEveryoneMayComeIn(t *testing.T) {
	addr := serve(t, &Server{Handler: answer()})
	db := open(t, addr, func(cfg *mysql.Config) { cfg.User, cfg.Passwd = "anyone", "anything" })
	if err := db.Ping(); err != nil {
		t.Error(err)
	}
}

func TestPluginSwitch(t *testing.T) {
	for _, plugin := range []AuthPlugin{NativePassword, CachingSHA2Password} {
		for password, want := range map[string]byte{"secret": headerOK, "wrong": headerERR} {
			t.Run(string(plugin)+" "+password, func(t *testing.T) {
				c := dialRaw(t, serve(t, &Server{Handler: answer(), Password: passwords, Plugin: plugin}))
				c.send(handshakeResponseBody(handshakeResponse{
					capabilities: ClientProtocol41 | ClientPluginAuth | ClientSecureConnection,
					user:         "anna",
					proof:        []byte("something else"),
					plugin:       "some_other_plugin",
				}))
				request := payload{b: c.read()}
				if request.uint8() != headerAuthSwitch || string(request.untilNUL()) != string(plugin) {
					t.Fatalf("no request to switch")
				}
				if diff := cmp.Diff(append(c.scramble[:], 0), request.b); diff != "" {
					t.Errorf("scramble: %s", diff)
				}
				proof, err := plugin.proof(password, c.scramble[:])
				if err != nil {
					t.Fatal(err)
				}
				c.send(proof)
				b := c.read()
				if b[0] == headerMoreData && b[1] == fastAuthOK {
					b = c.read()
				}
				if b[0] != want {
					t.Errorf("got %q", b)
				}
			})
		}
	}
}

// serverTLS is TLS with a certificate that nobody knows.
func serverTLS(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}}
}

func TestTLS(t *testing.T) {
	config := serverTLS(t)
	addr := serve(t, &Server{Handler: answer(oneRow), TLS: config, Password: passwords})
	for _, mode := range []string{"skip-verify", "false"} {
		t.Run(mode, func(t *testing.T) {
			db := open(t, addr, func(cfg *mysql.Config) {
				cfg.User, cfg.Passwd, cfg.TLSConfig = "anna", "secret", mode
			})
			var got int
			if err := db.QueryRow("select").Scan(&got); err != nil || got != 1 {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
	t.Run("watched", func(t *testing.T) {
		watched := HandlerFunc(func(ctx context.Context, _ *Session, _ string) ([]Result, error) {
			ctx.Done()
			return []Result{oneRow}, nil
		})
		db := open(t, serve(t, &Server{Handler: watched, TLS: config}), func(cfg *mysql.Config) { cfg.TLSConfig = "skip-verify" })
		db.SetMaxOpenConns(1)
		for range 3 {
			var got int
			if err := db.QueryRow("select").Scan(&got); err != nil || got != 1 {
				t.Errorf("got %d, %v", got, err)
			}
		}
	})
	t.Run("second request", func(t *testing.T) {
		c := dialRaw(t, addr)
		c.send(handshakeResponseBody(handshakeResponse{capabilities: ClientProtocol41 | ClientSSL, sslRequest: true}))
		c.rw = tls.Client(c.rw, &tls.Config{InsecureSkipVerify: true})
		c.send(handshakeResponseBody(handshakeResponse{capabilities: ClientProtocol41 | ClientSSL, sslRequest: true}))
		if b := c.read(); b[0] != headerERR {
			t.Errorf("got %q", b)
		}
	})
}

func TestHandshakeResponse(t *testing.T) {
	const all = serverCapabilities
	cases := map[string]handshakeResponse{
		"everything":     {capabilities: all, user: "u", proof: []byte("proof"), database: "d", plugin: NativePassword},
		"without lenenc": {capabilities: all &^ ClientPluginAuthLenenc, user: "u", proof: []byte("proof"), database: "d", plugin: "p"},
		"old proof":      {capabilities: ClientProtocol41 | ClientConnectWithDB, user: "u", proof: []byte("proof"), database: "d"},
		"bare":           {capabilities: ClientProtocol41, user: "", proof: []byte{}},
		"long proof":     {capabilities: all, user: "u", proof: make([]byte, 300), plugin: "p"},
	}
	for name, want := range cases {
		t.Run(name, func(t *testing.T) {
			body := handshakeResponseBody(want)
			got, err := parseHandshakeResponse(body, all)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(handshakeResponse{})); diff != "" {
				t.Error(diff)
			}
			for n := range body {
				if _, err := parseHandshakeResponse(body[:n], all); err == nil {
					t.Errorf("the first %d bytes of %d pass for the whole", n, len(body))
				}
			}
		})
	}
	t.Run("not offered", func(t *testing.T) {
		r, err := parseHandshakeResponse(handshakeResponseBody(handshakeResponse{capabilities: ClientProtocol41 | ClientSSL, user: "u"}), all)
		if err != nil || r.capabilities.Has(ClientSSL) || r.sslRequest {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

func TestScramble(t *testing.T) {
	for range 100 {
		for _, b := range newScramble() {
			if b == 0 || b == '$' || b > 127 {
				t.Fatalf("byte %d", b)
			}
		}
	}
}

func TestBadHandshakes(t *testing.T) {
	addr := serve(t, &Server{Handler: answer()})
	for name, body := range map[string][]byte{
		"empty":        {},
		"old protocol": make([]byte, 40),
		"cut short":    handshakeResponseBody(handshakeResponse{capabilities: ClientProtocol41})[:30],
	} {
		t.Run(name, func(t *testing.T) {
			c := dialRaw(t, addr)
			c.send(body)
			p := payload{b: c.read()}
			if p.uint8() != headerERR || uint16(p.uint8())|uint16(p.uint8())<<8 != CodeHandshake {
				t.Error("not refused")
			}
		})
	}
}
