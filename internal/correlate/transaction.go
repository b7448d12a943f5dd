package correlate

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"orchestrator/internal/topology"
)

// Transaction is a transaction of a log: where it lies, and what of it can be compared.
type Transaction struct {
	Begin, End topology.Coordinates
	GTID       string // "" where it has none
	items      []item
	checksum   int64 // bytes that each event of this log carries as its checksum; -1: not known
}

// item is a change, or what prepares one.
type item struct {
	kind   string
	text   string // the statement or the table
	server uint32 // that wrote it first
	events int    // of a change to rows: how many events it takes
	bytes  int64  // and how long they are together; 0: not known
	ended  bool   // the statement ends here
}

// Text is the statement that the transaction consists of, without comments; "" where it is none or more than one.
func (t *Transaction) Text() string {
	if len(t.items) == 1 && t.items[0].kind == "Query" {
		return t.items[0].text
	}
	return ""
}

// Entry is the first statement of the transaction that passes a test; "" when none does.
func (t *Transaction) Entry(is func(text string) bool) string {
	for _, i := range t.items {
		if i.kind == "Query" && is(i.text) {
			return i.text
		}
	}
	return ""
}

// String names the transaction for a person.
func (t *Transaction) String() string {
	what := "an empty transaction"
	if len(t.items) > 0 {
		what = t.items[0].String()
	}
	if n := len(t.items) - 1; n > 0 {
		what += fmt.Sprintf(" and %d more", n)
	}
	if t.GTID != "" {
		what = fmt.Sprintf("transaction %s (%s)", t.GTID, what)
	}
	return what + " at " + t.Begin.String()
}

func (i *item) String() string {
	return fmt.Sprintf("%s %q of server %d", i.kind, shown(i.text), i.server)
}

// shown bounds what of a text stands in a message.
func shown(text string) string {
	const most = 120
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

// Grouper puts events together to transactions.
type Grouper struct {
	// Skip are texts; events that contain one of them are not compared.
	Skip []string

	ends   Ends
	begun  bool
	now    Transaction
	tables map[string]string // of the transaction, by number
	passed bool              // an event of it was skipped
}

// Take takes the next event. whole says that it completes a transaction that is to be compared.
func (g *Grouper) Take(e Event) (t Transaction, whole bool) {
	if Ignored(e.Type) {
		return t, false
	}
	if !g.begun {
		g.begun, g.passed = true, false
		g.now = Transaction{Begin: e.Begin, checksum: -1}
		g.tables = nil
	}
	g.now.End = e.End
	if slices.ContainsFunc(g.Skip, func(s string) bool { return s != "" && strings.Contains(e.Info, s) }) {
		g.passed = true
	} else {
		g.add(e)
	}
	if e.Type == "Transaction_payload" || !g.ends.Completes(e.Type, e.Info) { // what is in a payload is listed after it
		return t, false
	}
	g.begun = false
	return g.now, len(g.now.items) > 0 || !g.passed
}

// add notes what of an event is compared.
func (g *Grouper) add(e Event) {
	kind := plainKind(e.Type)
	switch kind {
	case "Anonymous_Gtid", "Transaction_payload", "Annotate_rows", "Rows_query":
		return
	case "Gtid", "Gtid_tagged":
		g.now.GTID = gtidOf(e.Info)
		return
	case "Xid":
		if n := e.size() - xidSize; n == 0 || n == checksumSize {
			g.now.checksum = n
		}
		return
	case "Table_map":
		id, name := tableOf(e.Info)
		if g.tables == nil {
			g.tables = make(map[string]string)
		}
		g.tables[id] = name
		g.now.items = append(g.now.items, item{kind: kind, text: name, server: e.ServerID})
		return
	case "Write_rows", "Update_rows", "Delete_rows":
		g.rows(kind, e)
		return
	case "Query":
		if s := statement(e.Info); s == "BEGIN" || s == "COMMIT" {
			return
		}
	}
	g.now.items = append(g.now.items, item{kind: kind, text: digest(Normal(e.Info)), server: e.ServerID})
}

// The length of a Xid event without its checksum, and of that.
const (
	xidSize      = 27
	checksumSize = 4
)

// rows notes a change to rows. How a server spreads the rows of a statement over events is its own matter.
func (g *Grouper) rows(kind string, e Event) {
	id, _ := tableOf(e.Info)
	i := item{kind: kind, text: g.tables[id], server: e.ServerID, events: 1, bytes: e.size(), ended: strings.Contains(e.Info, "STMT_END_F")}
	if strings.Contains(e.Type, "compressed") {
		i.bytes = 0
	}
	if n := len(g.now.items) - 1; n >= 0 {
		if last := &g.now.items[n]; last.kind == kind && last.text == i.text && last.server == i.server && !last.ended {
			last.events++
			last.ended = i.ended
			if last.bytes == 0 || i.bytes == 0 {
				last.bytes = 0
			} else {
				last.bytes += i.bytes
			}
			return
		}
	}
	g.now.items = append(g.now.items, i)
}

// plainKind is the type of an event without what is a matter of the server's version or of compression.
func plainKind(kind string) string {
	kind = strings.TrimSuffix(kind, "_partial")
	for _, v := range []string{"_v0", "_v1", "_v2"} {
		kind = strings.TrimSuffix(kind, v)
	}
	return strings.TrimSuffix(kind, "_compressed")
}

// tableOf reads `table_id: 18 (moved.t)` and `table_id: 18 flags: …`.
func tableOf(info string) (id, name string) {
	rest := strings.TrimPrefix(info, "table_id: ")
	id, rest, _ = strings.Cut(rest, " ")
	if strings.HasPrefix(rest, "(") {
		name = strings.TrimSuffix(strings.TrimPrefix(rest, "("), ")")
	}
	return id, name
}

// gtidOf reads `SET @@SESSION.GTID_NEXT= 'uuid:5'`, `GTID 0-1-5` and `BEGIN GTID 0-1-5 cid=7`.
func gtidOf(info string) string {
	if _, quoted, ok := strings.Cut(info, "'"); ok {
		gtid, _, _ := strings.Cut(quoted, "'")
		return gtid
	}
	if _, rest, ok := strings.Cut(info, "GTID "); ok {
		gtid, _, _ := strings.Cut(rest, " ")
		return gtid
	}
	return ""
}

var (
	comments   = regexp.MustCompile(`(?s)/\*[^!].*?\*/`)
	collations = regexp.MustCompile("(?i)\\s+COLLATE\\s+[`'\"]?\\w+[`'\"]?")
	fileIDs    = regexp.MustCompile(`;file_id=\d+`)
	spaces     = regexp.MustCompile(`\s+`)
)

// Normal is the text of an event without what may differ between servers that hold the same: comments, collations, the
// numbers of loaded files, white space.
func Normal(text string) string {
	text = comments.ReplaceAllString(text, "")
	text = collations.ReplaceAllString(text, "")
	text = fileIDs.ReplaceAllString(text, "")
	return strings.TrimSpace(spaces.ReplaceAllString(text, " "))
}

// Entry is a statement in the form in which transactions keep it.
func Entry(statement string) string { return digest(Normal(statement)) }

// digest bounds what is kept of a text, so that long ones can still be told apart.
func digest(text string) string {
	const most = 400
	if len(text) <= most {
		return text
	}
	return fmt.Sprintf("%s… (%x)", strings.ToValidUTF8(text[:most/2], ""), sha256.Sum256([]byte(text)))
}
