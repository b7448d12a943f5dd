package topology

// LogEvent is one event of a binary or relay log, as the servers list it.
type LogEvent struct {
	LogName   string
	Pos       int64
	EventType string
	ServerID  uint32 // of the server that wrote it first
	EndLogPos int64  // in a relay log: where it ends in the source's binary log
	Info      string
}
