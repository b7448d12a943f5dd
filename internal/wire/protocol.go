package wire

// Capability is a set of the protocol's capability flags. The names follow
// the protocol's own (CLIENT_DEPRECATE_EOF is ClientDeprecateEOF).
type Capability uint32

// The capability flags that this package knows.
const (
	ClientLongPassword     Capability = 1 << 0
	ClientFoundRows        Capability = 1 << 1
	ClientLongFlag         Capability = 1 << 2
	ClientConnectWithDB    Capability = 1 << 3
	ClientProtocol41       Capability = 1 << 9
	ClientSSL              Capability = 1 << 11
	ClientTransactions     Capability = 1 << 13
	ClientSecureConnection Capability = 1 << 15
	ClientMultiStatements  Capability = 1 << 16
	ClientMultiResults     Capability = 1 << 17
	ClientPluginAuth       Capability = 1 << 19
	ClientConnectAttrs     Capability = 1 << 20
	ClientPluginAuthLenenc Capability = 1 << 21
	ClientDeprecateEOF     Capability = 1 << 24
)

// serverCapabilities is what the server end offers unless told to withhold
// some of it.
const serverCapabilities = ClientLongPassword | ClientFoundRows | ClientLongFlag | ClientConnectWithDB |
	ClientProtocol41 | ClientTransactions | ClientSecureConnection | ClientMultiStatements | ClientMultiResults |
	ClientPluginAuth | ClientConnectAttrs | ClientPluginAuthLenenc | ClientDeprecateEOF

// Has reports whether all flags of f are set in c.
func (c Capability) Has(f Capability) bool { return c&f == f }

// Server status flags, sent in OK and EOF packets.
const (
	statusAutocommit  uint16 = 0x0002
	statusMoreResults uint16 = 0x0008
)

// First bytes of response packets.
const (
	headerOK         byte = 0x00
	headerMoreData   byte = 0x01
	headerAuthSwitch byte = 0xfe
	headerEOF        byte = 0xfe
	headerERR        byte = 0xff
)

// Command is the first byte of a client's packet: what it asks for.
type Command byte

// The commands that this package names.
const (
	ComQuit             Command = 0x01
	ComInitDB           Command = 0x02
	ComQuery            Command = 0x03
	ComPing             Command = 0x0e
	ComBinlogDump       Command = 0x12
	ComRegisterSlave    Command = 0x15
	ComStmtPrepare      Command = 0x16
	ComStmtSendLongData Command = 0x18
	ComStmtClose        Command = 0x19
	ComSetOption        Command = 0x1b
	ComBinlogDumpGTID   Command = 0x1e
	ComResetConnection  Command = 0x1f
)

const (
	protocolVersion  = 10
	charsetUTF8MB4   = 45 // utf8mb4_general_ci, known to MySQL and MariaDB alike
	charsetBinary    = 63
	maxPacketPayload = 1<<24 - 1
	packetHeaderSize = 4
)
