package fleet

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/topology"
	"orchestrator/internal/wire"
)

// threads makes of STOP or START REPLICA a change of the threads that it names, both if it names none.
func threads(upper string, do func(n *node, tick int64, io, sql bool) error) func(*node, int64) error {
	io, sql := strings.Contains(upper, " IO_THREAD"), strings.Contains(upper, " SQL_THREAD")
	if !io && !sql {
		io, sql = true, true
	}
	return func(n *node, tick int64) error { return do(n, tick, io, sql) }
}

func (n *node) stopThreads(tick int64, io, sql bool) error {
	n.alter(tick, func() { n.io, n.sql = n.io && !io, n.sql && !sql })
	return nil
}

func (n *node) startThreads(tick int64, io, sql bool) error {
	if !n.hasSource {
		return errNotReplica()
	}
	n.alter(tick, func() {
		if io && !n.io {
			n.dialed = time.Now()
		}
		n.io, n.sql = n.io || io, n.sql || sql
	})
	return nil
}

func (n *node) resetReplica(tick int64, all bool) error {
	if n.io || n.sql {
		return errRunning()
	}
	n.alter(tick, func() {
		n.received = history{}
		if all {
			n.hasSource, n.sourceKey = false, topology.Key{}
			n.attach(nil)
		}
	})
	return nil
}

var (
	sourceHost = regexp.MustCompile(`(?i)(?:MASTER|SOURCE)_HOST ?= ?'((?:[^'\\]|'')*)'`)
	sourcePort = regexp.MustCompile(`(?i)(?:MASTER|SOURCE)_PORT ?= ?([0-9]+)`)
	assignment = regexp.MustCompile(`(?i)^(?:@@global\.)?([a-z_0-9]+) ?:?= ?(.*)$`)
)

// parseChangeSource reads where a CHANGE REPLICATION SOURCE points; the other options are taken as they come.
func (st *statement) parseChangeSource() {
	host, port := sourceHost.FindStringSubmatch(st.sql), sourcePort.FindStringSubmatch(st.sql)
	st.kind = kindNothing
	st.change = func(n *node, tick int64) error {
		if n.io || n.sql {
			return errRunning()
		}
		key := n.sourceKey
		if host != nil {
			key = topology.Key{Hostname: host[1], Port: 3306}
		}
		if port != nil {
			p, err := strconv.Atoi(port[1])
			if err != nil || p > 65535 {
				return &wire.Error{Code: wire.CodeParse, State: "42000", Message: "port out of range: " + port[1]}
			}
			key.Port = p
		}
		if key.Hostname == "" {
			return &wire.Error{Code: 1210, Message: "Incorrect arguments to SOURCE_HOST"}
		}
		if key == n.sourceKey {
			return nil
		}
		n.alter(tick, func() { n.follow(key) })
		return nil
	}
}

// parseSetGlobal reads SET GLOBAL with one variable.
func (st *statement) parseSetGlobal() {
	m := assignment.FindStringSubmatch(strings.TrimSpace(st.sql[len("SET GLOBAL "):]))
	if m == nil {
		return
	}
	name, text := strings.ToLower(m[1]), strings.Trim(m[2], "'")
	st.kind = kindNothing
	st.change = func(n *node, tick int64) error {
		old, ok := n.variables(tick)[name]
		if !ok {
			// Counters and the like, which can be set and are not shown.
			if strings.HasSuffix(name, "_skip_counter") {
				return nil
			}
			return errUnknownVariable(name)
		}
		n.alter(tick, func() { n.set(name, old, text) })
		return nil
	}
}

// set gives a variable a value of the kind that it had.
func (n *node) set(name string, old any, text string) {
	on := text == "1" || strings.EqualFold(text, "ON") || strings.EqualFold(text, "TRUE")
	switch name {
	case "read_only":
		n.readOnly = on
		n.superReadOnly = n.superReadOnly && on
		return
	case "super_read_only":
		n.superReadOnly = on
		n.readOnly = n.readOnly || on
		return
	}
	var v any = text
	switch old.(type) {
	case onOff:
		v = onOff(on)
	case int64:
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return // the server would refuse; nothing here sends such a value
		}
		v = number
	}
	if n.settings == nil {
		n.settings = make(map[string]any)
	}
	n.settings[name] = v
}
