package wire

import "encoding/binary"

// greeting is the first packet of a connection (HandshakeV10): the server
// introduces itself.
type greeting struct {
	version      string
	connectionID uint32
	scramble     [scrambleSize]byte
	capabilities Capability
	plugin       AuthPlugin
}

// append appends the greeting's payload.
func (g *greeting) append(dst []byte) []byte {
	dst = append(dst, protocolVersion)
	dst = append(append(dst, g.version...), 0)
	dst = binary.LittleEndian.AppendUint32(dst, g.connectionID)
	dst = append(append(dst, g.scramble[:8]...), 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(g.capabilities))
	dst = append(dst, charsetUTF8MB4)
	dst = binary.LittleEndian.AppendUint16(dst, statusAutocommit)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(g.capabilities>>16))
	dst = append(dst, scrambleSize+1)      // the NUL is counted
	dst = append(dst, make([]byte, 10)...) // reserved
	dst = append(append(dst, g.scramble[8:]...), 0)
	return append(append(dst, g.plugin...), 0)
}

// handshakeResponse is a client's answer to the greeting. An SSL request is
// such an answer cut short: sslRequest is set and the rest is empty.
type handshakeResponse struct {
	capabilities Capability
	sslRequest   bool
	user         string
	proof        []byte // part of the packet
	database     string
	plugin       AuthPlugin
}

// sslRequestSize is the length of a response without its variable part.
const sslRequestSize = 4 + 4 + 1 + 23

// parseHandshakeResponse takes the answer (HandshakeResponse41) apart; offered
// are the capabilities of the greeting, others that the client claims do not
// count.
func parseHandshakeResponse(body []byte, offered Capability) (handshakeResponse, error) {
	p := payload{b: body}
	r := handshakeResponse{capabilities: Capability(p.uint32()) & offered}
	p.bytes(sslRequestSize - 4) // largest packet, character set, filler
	if p.bad || !r.capabilities.Has(ClientProtocol41) {
		return handshakeResponse{}, errMalformed
	}
	if r.capabilities.Has(ClientSSL) && len(p.b) == 0 {
		r.sslRequest = true
		return r, nil
	}
	r.user = string(p.untilNUL())
	switch {
	case r.capabilities.Has(ClientPluginAuthLenenc):
		r.proof = p.lenencBytes()
	case r.capabilities.Has(ClientSecureConnection):
		r.proof = p.bytes(uint64(p.uint8()))
	default:
		r.proof = p.untilNUL()
	}
	if r.capabilities.Has(ClientConnectWithDB) {
		r.database = string(p.untilNUL())
	}
	if r.capabilities.Has(ClientPluginAuth) {
		r.plugin = AuthPlugin(p.untilNUL())
	}
	// Connection attributes follow; nobody here wants them.
	if p.bad {
		return handshakeResponse{}, errMalformed
	}
	return r, nil
}

// appendAuthSwitch appends the request to prove the password another way.
func appendAuthSwitch(dst []byte, plugin AuthPlugin, scramble []byte) []byte {
	dst = append(dst, headerAuthSwitch)
	dst = append(append(dst, plugin...), 0)
	return append(append(dst, scramble...), 0)
}
