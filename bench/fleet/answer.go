package fleet

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"orchestrator/internal/wire"
)

// read answers a statement that changes nothing. The fleet's lock is held.
func (n *node) read(st *statement, s *wire.Session, tick int64) (wire.Result, error) {
	switch st.kind {
	case kindNothing:
		return wire.Result{}, nil
	case kindSelect:
		return n.selectItems(st.items, s, tick)
	case kindVariables:
		return shown(n.variables(tick), st.match), nil
	case kindStatus:
		return shown(n.status(), st.match), nil
	case kindBinlogStatus:
		return n.binlogStatus(tick), nil
	case kindReplicas:
		return n.registered(), nil
	case kindProcesses:
		return table(st.items, n.processes()), nil
	case kindChannels:
		return table(st.items, n.channels()), nil
	case kindCredentials:
		return table(st.items, n.credentials()), nil
	case kindMembers:
		return table(st.items, nil), nil
	case kindBinaryLogs:
		return wire.Result{Columns: []string{"Log_name", "File_size"}, Rows: [][]any{{logFile, n.position(tick)}}}, nil
	case kindGrants:
		return wire.Result{Columns: []string{"Grants"}, Rows: [][]any{{"GRANT ALL PRIVILEGES ON *.* TO `" + s.User() + "`@`%`"}}}, nil
	case kindReplicaStatus, kindAllReplicasStatus:
		if n.mariaDB || st.kind == kindReplicaStatus {
			return n.replicaStatus(st.kind == kindAllReplicasStatus, tick), nil
		}
	}
	n.fleet.stats.misunderstood(st.sql)
	return wire.Result{}, errSyntax(st.sql)
}

// selectItems answers a SELECT without a table.
func (n *node) selectItems(items []item, s *wire.Session, tick int64) (wire.Result, error) {
	var r wire.Result
	var variables map[string]any
	row := make([]any, 0, len(items))
	for _, it := range items {
		v := it.value
		switch it.kind {
		case itemConnection:
			v = int64(s.ID())
		case itemVersion:
			v = n.version()
		case itemVariable:
			if variables == nil {
				variables = n.variables(tick)
			}
			known := false
			if v, known = variables[it.name]; !known {
				return wire.Result{}, errUnknownVariable(it.name)
			}
			if b, ok := v.(onOff); ok {
				v = b.number()
			}
		}
		r.Columns = append(r.Columns, it.column)
		row = append(row, v)
	}
	r.Rows = [][]any{row}
	return r, nil
}

// shown answers a SHOW VARIABLES or STATUS.
func shown(all map[string]any, match func(string) bool) wire.Result {
	r := wire.Result{Columns: []string{"Variable_name", "Value"}, Types: []wire.ColumnType{wire.TypeVarString, wire.TypeVarString}}
	for _, name := range slices.SortedFunc(maps.Keys(all), cmp.Compare[string]) {
		if !match(name) {
			continue
		}
		v := all[name]
		if b, ok := v.(onOff); ok {
			v = b.word()
		}
		r.Rows = append(r.Rows, []any{name, v})
	}
	return r
}

// table picks the columns of rows that a SELECT asks for. A column that the rows do not have is NULL.
func table(items []item, rows []map[string]any) wire.Result {
	var r wire.Result
	for _, it := range items {
		r.Columns = append(r.Columns, it.column)
	}
	if len(items) == 1 && items[0].kind == itemCount {
		r.Rows = [][]any{{int64(len(rows))}}
		return r
	}
	for _, from := range rows {
		row := make([]any, len(items))
		for i, it := range items {
			row[i] = from[it.name]
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}

// connected gives the replicas that receive from the server at present.
func (n *node) connected() []*node {
	var list []*node
	for _, r := range n.followers {
		if r.alive && r.thaw == nil && r.link() == linkUp {
			list = append(list, r)
		}
	}
	return list
}

// registered answers SHOW REPLICAS.
func (n *node) registered() wire.Result {
	r := wire.Result{Columns: []string{"Server_Id", "Host", "Port", "Source_Id", "Replica_UUID"}}
	if n.mariaDB {
		r.Columns = []string{"Server_id", "Host", "Port", "Master_id"}
	}
	for _, c := range n.connected() {
		row := []any{int64(c.serverID), c.key.Hostname, int64(c.key.Port), int64(n.serverID), c.uuid}
		r.Rows = append(r.Rows, row[:len(r.Columns)])
	}
	return r
}

// processes lists the connections that send the binary log; others are not shown.
func (n *node) processes() []map[string]any {
	command := "Binlog Dump GTID"
	if n.mariaDB {
		command = "Binlog Dump"
	}
	var rows []map[string]any
	for i, c := range n.connected() {
		rows = append(rows, map[string]any{
			"id": int64(1_000_000 + i), "user": replicationUser, "host": c.key.Hostname + ":40000", "db": nil,
			"command": command, "time": int64(3600), "state": "Source has sent all binlog to replica; waiting for more updates",
			"info": nil,
		})
	}
	return rows
}

func (n *node) channels() []map[string]any {
	if !n.hasSource {
		return nil
	}
	return []map[string]any{{"channel_name": "", "heartbeat_interval": "5.000"}}
}

func (n *node) credentials() []map[string]any {
	if !n.hasSource {
		return nil
	}
	return []map[string]any{{"user_name": replicationUser, "user_password": replicationPassword}}
}

func (n *node) binlogStatus(tick int64) wire.Result {
	r := wire.Result{
		Columns: []string{"File", "Position", "Binlog_Do_DB", "Binlog_Ignore_DB"},
		Rows:    [][]any{{logFile, n.position(tick), "", ""}},
	}
	if !n.mariaDB {
		r.Columns = append(r.Columns, "Executed_Gtid_Set")
		r.Rows[0] = append(r.Rows[0], n.fleet.gtidSet(n.executedSet(tick)))
	}
	return r
}

// sourceWords are the two vocabularies of a replica's status.
func sourceWords(mariaDB bool) *strings.Replacer {
	if mariaDB {
		return strings.NewReplacer("Source", "Master", "Replica_", "Slave_")
	}
	return strings.NewReplacer()
}
