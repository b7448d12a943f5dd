package fleet

import (
	"regexp"
	"strings"
	"sync"
	"sync/atomic"

	"orchestrator/internal/wire"
)

// program is a query, taken apart once for all servers that are asked it.
type program struct {
	statements []*statement
	changes    bool // one of them changes the server's state
	reusable   bool // the answers are the same for every session
	probe      bool // it looks at the server as a whole
}

// statement is one statement of a program: what it is, and what of it matters.
type statement struct {
	sql    string
	kind   kind
	items  []item                          // of a SELECT
	match  func(name string) bool          // of a SHOW VARIABLES or STATUS
	change func(n *node, tick int64) error // under the fleet's lock
}

// kind is what a statement asks.
type kind int

const (
	kindUnknown kind = iota
	kindNothing      // answered with OK
	kindSelect       // expressions without a table
	kindVariables
	kindStatus
	kindReplicaStatus
	kindAllReplicasStatus
	kindBinlogStatus
	kindReplicas
	kindProcesses
	kindChannels    // performance_schema.replication_connection_configuration
	kindCredentials // mysql.slave_master_info
	kindMembers     // performance_schema.replication_group_members
	kindBinaryLogs
	kindGrants
)

// programs keeps the programs of queries that are asked again and again.
type programs struct {
	byText sync.Map // string to *program
	count  atomic.Int64
}

// Limits of what is kept: a query with a GTID set in it does not come again.
const (
	maxPrograms    = 500
	maxProgramText = 8 << 10
)

func (c *programs) get(sql string) *program {
	if p, ok := c.byText.Load(sql); ok {
		return p.(*program)
	}
	p := compile(sql)
	if p.changes || len(sql) > maxProgramText || c.count.Load() >= maxPrograms {
		p.reusable = false
		return p
	}
	kept, loaded := c.byText.LoadOrStore(strings.Clone(sql), p)
	if !loaded {
		c.count.Add(1)
	}
	return kept.(*program)
}

func compile(sql string) *program {
	p := &program{reusable: true}
	variables, status := false, false
	for _, text := range wire.SplitStatements(sql) {
		st := parse(text)
		p.statements = append(p.statements, st)
		p.changes = p.changes || st.change != nil
		status = status || st.kind == kindReplicaStatus || st.kind == kindAllReplicasStatus
		variables = variables || st.kind == kindSelect || st.kind == kindVariables
		for _, it := range st.items {
			p.reusable = p.reusable && it.kind != itemConnection
		}
	}
	p.probe = variables && status
	return p
}

var (
	spaces      = regexp.MustCompile(`\s+`)
	conditionIn = regexp.MustCompile(`(?i)Variable_name IN \(([^)]*)\)`)
	patternLike = regexp.MustCompile(`(?i)LIKE '([^']*)'`)
)

func parse(text string) *statement {
	sql := spaces.ReplaceAllString(text, " ")
	upper := strings.ToUpper(sql)
	st := &statement{sql: sql}
	is := func(prefixes ...string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(upper, p) {
				return true
			}
		}
		return false
	}
	switch {
	case is("SELECT "):
		st.parseSelect(upper)
	case is("SHOW VARIABLES", "SHOW GLOBAL VARIABLES"):
		st.kind, st.match = kindVariables, condition(sql)
	case is("SHOW STATUS", "SHOW GLOBAL STATUS"):
		st.kind, st.match = kindStatus, condition(sql)
	case is("SHOW ALL SLAVES STATUS", "SHOW ALL REPLICAS STATUS"):
		st.kind = kindAllReplicasStatus
	case is("SHOW SLAVE STATUS", "SHOW REPLICA STATUS"):
		st.kind = kindReplicaStatus
	case is("SHOW MASTER STATUS", "SHOW BINLOG STATUS"):
		st.kind = kindBinlogStatus
	case is("SHOW SLAVE HOSTS", "SHOW REPLICAS", "SHOW REPLICA HOSTS"):
		st.kind = kindReplicas
	case is("SHOW BINARY LOGS"):
		st.kind = kindBinaryLogs
	case is("SHOW GRANTS"):
		st.kind = kindGrants
	case is("SHOW WARNINGS"):
		st.kind = kindNothing
	case is("SET GLOBAL "):
		st.parseSetGlobal()
	case is("STOP SLAVE", "STOP REPLICA"):
		st.kind, st.change = kindNothing, threads(upper, (*node).stopThreads)
	case is("START SLAVE", "START REPLICA"):
		st.kind, st.change = kindNothing, threads(upper, (*node).startThreads)
	case is("RESET SLAVE", "RESET REPLICA"):
		all := strings.Contains(upper, " ALL")
		st.kind, st.change = kindNothing, func(n *node, tick int64) error { return n.resetReplica(tick, all) }
	case is("CHANGE MASTER", "CHANGE REPLICATION SOURCE"):
		st.parseChangeSource()
	case is("SET ", "BEGIN", "COMMIT", "ROLLBACK", "FLUSH ", "PURGE ", "KILL ", "RESET MASTER", "RESET BINARY LOGS", "USE "):
		st.kind = kindNothing
	}
	return st
}

// condition reads the names that a SHOW asks for.
func condition(sql string) func(name string) bool {
	var tests []func(string) bool
	for _, m := range conditionIn.FindAllStringSubmatch(sql, -1) {
		names := make(map[string]bool)
		for name := range strings.SplitSeq(m[1], ",") {
			names[strings.ToLower(strings.Trim(name, " '"))] = true
		}
		tests = append(tests, func(name string) bool { return names[strings.ToLower(name)] })
	}
	for _, m := range patternLike.FindAllStringSubmatch(sql, -1) {
		pattern := likePattern(m[1])
		tests = append(tests, pattern.MatchString)
	}
	if len(tests) == 0 {
		return func(string) bool { return true }
	}
	return func(name string) bool {
		for _, test := range tests {
			if test(name) {
				return true
			}
		}
		return false
	}
}

// likePattern translates a LIKE pattern.
func likePattern(like string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("(?is)^")
	for i := 0; i < len(like); i++ {
		switch c := like[i]; {
		case c == '\\' && i+1 < len(like):
			i++
			b.WriteString(regexp.QuoteMeta(like[i : i+1]))
		case c == '%':
			b.WriteString(".*")
		case c == '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(like[i : i+1]))
		}
	}
	b.WriteString("$")
	return regexp.MustCompile(b.String())
}

// parseSelect reads a SELECT by its table, or expression by expression if it has none.
func (st *statement) parseSelect(upper string) {
	list, table, _ := strings.Cut(upper, " FROM ")
	switch {
	case strings.Contains(table, "PROCESSLIST"):
		st.kind = kindProcesses
	case strings.HasPrefix(table, "PERFORMANCE_SCHEMA.REPLICATION_CONNECTION_CONFIGURATION"):
		st.kind = kindChannels
	case strings.HasPrefix(table, "MYSQL.SLAVE_MASTER_INFO"):
		st.kind = kindCredentials
	case strings.HasPrefix(table, "PERFORMANCE_SCHEMA.REPLICATION_GROUP_MEMBERS"):
		st.kind = kindMembers
	case table == "":
		st.kind = kindSelect
	default:
		return
	}
	for _, text := range splitList(st.sql[len("SELECT "):len(list)]) {
		it, ok := parseItem(text, table != "")
		if !ok {
			st.kind = kindUnknown
			return
		}
		st.items = append(st.items, it)
	}
}

// splitList splits at commas outside parentheses and quotes.
func splitList(text string) []string {
	var list []string
	depth, start := 0, 0
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			list = append(list, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	return append(list, strings.TrimSpace(text[start:]))
}

// item is one expression of a SELECT.
type item struct {
	column string
	kind   itemKind
	name   string // of a variable or column, in lower case
	value  any
}

type itemKind int

const (
	itemLiteral itemKind = iota
	itemVariable
	itemVersion
	itemConnection
	itemColumn
	itemCount
)

var (
	aliased      = regexp.MustCompile(`(?i)^(.*?) AS ([A-Za-z_0-9]+)$`)
	variableItem = regexp.MustCompile(`(?i)^@@(?:global\.|session\.)?([a-z_0-9]+)(?:\+0)?$`)
	numberItem   = regexp.MustCompile(`^[0-9]+$`)
	textItem     = regexp.MustCompile(`^'([^']*)'$`)
	columnItem   = regexp.MustCompile(`^[A-Za-z_0-9]+$`)
	waitItem     = regexp.MustCompile(`(?i)^(WAIT_FOR_EXECUTED_GTID_SET|MASTER_GTID_WAIT|SOURCE_POS_WAIT|MASTER_POS_WAIT)\(`)
)

// parseItem reads an expression; of a table, if it has one.
func parseItem(text string, ofTable bool) (item, bool) {
	it := item{column: text}
	if m := aliased.FindStringSubmatch(text); m != nil {
		text, it.column = m[1], m[2]
	}
	upper := strings.ToUpper(text)
	switch {
	case variableItem.MatchString(text):
		it.kind, it.name = itemVariable, strings.ToLower(variableItem.FindStringSubmatch(text)[1])
	case upper == "VERSION()":
		it.kind = itemVersion
	case upper == "CONNECTION_ID()":
		it.kind = itemConnection
	case upper == "COUNT(*)":
		it.kind = itemCount
	case numberItem.MatchString(text):
		it.value = text
	case textItem.MatchString(text):
		it.value = textItem.FindStringSubmatch(text)[1]
	case waitItem.MatchString(text):
		it.value = int64(0) // replication is never behind
	case ofTable && columnItem.MatchString(text):
		it.kind, it.name = itemColumn, strings.ToLower(text)
	default:
		return it, false
	}
	return it, true
}
