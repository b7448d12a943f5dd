package wire

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func FuzzReadPacket(f *testing.F) {
	f.Add(packets(f, []byte("one"), nil, bytes.Repeat([]byte("x"), 100)), false)
	f.Add([]byte{0xff, 0xff, 0xff, 0, 1}, true)
	f.Fuzz(func(t *testing.T, in []byte, exact bool) {
		p := receiving(bytes.NewReader(in))
		p.exact = exact
		var sent [][]byte
		for {
			body, err := p.readPacket()
			if err != nil {
				break
			}
			sent = append(sent, append([]byte(nil), body...))
		}
		if again := packets(t, sent...); !bytes.HasPrefix(in, again) {
			t.Errorf("%q was read as %q", in, sent)
		}
	})
}

func FuzzHandshakeResponse(f *testing.F) {
	f.Add(handshakeResponseBody(handshakeResponse{capabilities: serverCapabilities, user: "u", proof: []byte("p"), database: "d", plugin: "x"}))
	f.Add(handshakeResponseBody(handshakeResponse{capabilities: ClientProtocol41 | ClientSSL, sslRequest: true}))
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := parseHandshakeResponse(in, serverCapabilities|ClientSSL)
		if err != nil {
			return
		}
		again, err := parseHandshakeResponse(handshakeResponseBody(r), serverCapabilities|ClientSSL)
		if err != nil {
			t.Fatalf("%+v does not come back: %v", r, err)
		}
		if diff := cmp.Diff(r, again, cmp.AllowUnexported(handshakeResponse{})); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzLenenc(f *testing.F) {
	f.Add([]byte("\xfd\x01\x00\x00x"))
	f.Add([]byte("\xfe\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, in []byte) {
		p := payload{b: in}
		value := p.lenencBytes()
		if p.bad {
			return
		}
		if len(value)+len(p.b) >= len(in) {
			t.Fatalf("%d bytes and %d of %d", len(value), len(p.b), len(in))
		}
		back := payload{b: appendLenencString(nil, value)}
		if got := back.lenencBytes(); back.bad || !bytes.Equal(got, value) {
			t.Errorf("%q came back as %q", value, got)
		}
	})
}
