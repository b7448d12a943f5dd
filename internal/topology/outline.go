package topology

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// OutlineStyle chooses how a topology is drawn as text.
type OutlineStyle int

// The styles, named after the commands topology, topology-tabulated and topology-tags.
const (
	OutlinePlain OutlineStyle = iota
	OutlineTabulated
	OutlineTags
)

// DataCenterColumn chooses whether the data centre is shown, and where. Scripts that parse columns count them.
type DataCenterColumn int

// The places of the data centre.
const (
	NoDataCenter        DataCenterColumn = iota
	DataCenterByVersion                  // right after the version
	DataCenterLast                       // after all others
)

// Outline says how to draw a topology as text. The texts are a published format that scripts parse.
type Outline struct {
	Style          OutlineStyle
	Now            time.Time
	Poll           time.Duration // InstancePollSeconds
	MaintenanceLag time.Duration // ReasonableMaintenanceReplicationLagSeconds
	DataCenter     DataCenterColumn
	NamesOnly      bool // no properties and no tags: for servers of which only the place is known
}

// outlineRow is a server in the drawing: its name with the branch before it, and its properties.
type outlineRow struct {
	name   string
	tokens []string
	tags   []Tag
}

// Draw returns the lines, without a newline at the end, of the tree that the members of one cluster make: depth
// first, siblings by host name and port. Of several trees only the last one is drawn; where there is no top, every
// co-primary begins a branch. No members give the empty text.
func (o Outline) Draw(t *Topology, members []*Instance) string {
	d := &outlineDrawing{Outline: o, t: t, members: members, children: map[Key][]*Instance{}, drawn: map[Key]bool{}}
	d.drawAll()
	if o.NamesOnly {
		lines := make([]string, len(d.rows))
		for n, r := range d.rows {
			lines[n] = r.name
		}
		return strings.Join(lines, "\n")
	}
	if o.Style == OutlineTabulated {
		return tabulate(d.rows)
	}
	return alignBrackets(d.rows, o.Style == OutlineTags)
}

type outlineDrawing struct {
	Outline
	t        *Topology
	members  []*Instance
	children map[Key][]*Instance
	drawn    map[Key]bool
	rows     []outlineRow
}

func (d *outlineDrawing) drawAll() {
	d.members = slices.Clone(d.members)
	slices.SortFunc(d.members, func(a, b *Instance) int { return a.Key.Compare(b.Key) })
	in := make(map[Key]bool, len(d.members))
	for _, i := range d.members {
		in[i.Key] = true
	}
	var root *Instance
	for _, i := range d.members {
		if above := d.above(i); in[above] {
			d.children[above] = append(d.children[above], i)
		} else {
			root = i
		}
	}
	if root != nil {
		d.branch(root, 0)
		return
	}
	for _, i := range d.members {
		if i.IsCoPrimary {
			d.branch(i, 1)
		}
	}
}

// above is the server under which i is drawn.
func (d *outlineDrawing) above(i *Instance) Key {
	if i.Group.IsSecondary() {
		return i.Group.Primary
	}
	if s := d.t.Source(i); s != nil {
		return s.Key
	}
	return i.Channel.Source
}

func (d *outlineDrawing) branch(i *Instance, depth int) {
	if d.drawn[i.Key] || depth > 1 && i.IsCoPrimary {
		return
	}
	d.drawn[i.Key] = true
	name := i.Key.String()
	if i.Alias != "" {
		name += " (" + i.Alias + ")"
	}
	if depth > 0 {
		name = strings.Repeat(" ", 2*(depth-1)) + d.mark(i) + " " + name
	}
	d.rows = append(d.rows, outlineRow{name: name, tokens: i.describe(d.Outline), tags: i.Tags})
	for _, c := range d.children[i.Key] {
		d.branch(c, depth+1)
	}
}

func (d *outlineDrawing) mark(i *Instance) string {
	switch {
	case i.Group.IsSecondary():
		return "‡"
	case i.Replicating() && i.LastCheckValid() && i.IsRecentlyChecked(d.Now, d.Poll):
		return "+"
	}
	return "-"
}

// Describe is the bracketed description of one server, as instance-status prints it.
func (o Outline) Describe(i *Instance) string { return bracketed(i.describe(o)) }

// describe gives the property tokens in their published order; a token may be empty.
func (i *Instance) describe(o Outline) []string {
	tokens := []string{i.lagToken(o), i.statusToken(o), i.Version}
	if o.DataCenter == DataCenterByVersion {
		tokens = append(tokens, i.DataCenter)
	}
	mode := "rw"
	if i.ReadOnly {
		mode = "ro"
	}
	format := "nobinlog"
	if i.LogBin {
		format = i.BinlogFormat
	}
	tokens = append(tokens, mode, format, strings.Join(i.extras(o.Now), ","))
	if o.DataCenter == DataCenterLast {
		tokens = append(tokens, i.DataCenter)
	}
	return tokens
}

func (i *Instance) lagToken(o Outline) string {
	replica := i.IsReplica()
	switch {
	case i.Channel.Source.IsDetached():
		return "detached"
	case !i.LastCheckValid() || !i.IsRecentlyChecked(o.Now, o.Poll):
		return "unknown"
	case replica && (!i.Replicating() || !i.Lag.Known):
		return "null"
	case !i.Lag.Known:
		return "0s" // not a replica: nothing to lag behind
	}
	return fmt.Sprintf("%ds", i.Lag.N)
}

func (i *Instance) statusToken(o Outline) string {
	replica := i.IsReplica()
	switch {
	case !i.LastCheckValid():
		return "invalid"
	case !i.IsRecentlyChecked(o.Now, o.Poll):
		return "unchecked"
	case replica && !i.Replicating():
		return "nonreplicating"
	case replica && i.Lag.Known && i.Lag.N > int64(o.MaintenanceLag/time.Second):
		return "lag"
	}
	return "ok"
}

func (i *Instance) extras(now time.Time) []string {
	var extras []string
	for _, e := range []struct {
		applies bool
		text    string
	}{
		{i.LogsUpdates(), ">>"},
		{i.gtidToken() != "", i.gtidToken()},
		{i.UsingPseudoGTID, "P-GTID"},
		{i.SemiSync.SourceEnabled, "semi:master"},
		{i.SemiSync.ReplicaEnabled, "semi:replica"},
		{i.IsMultiSource(), fmt.Sprintf("channels:%d", 1+len(i.Others))},
		{i.IsDowntimed(now), "downtimed"},
	} {
		if e.applies {
			extras = append(extras, e.text)
		}
	}
	return extras
}

func (i *Instance) gtidToken() string {
	switch {
	case !i.UsesGTID() && !i.SupportsOracleGTID:
		return ""
	case i.ErrantSet != "":
		return "GTID:errant"
	}
	return "GTID"
}

func bracketed(tokens []string) string {
	tokens = slices.DeleteFunc(slices.Clone(tokens), func(t string) bool { return t == "" })
	return "[" + strings.Join(tokens, ",") + "]"
}

// alignBrackets draws each row's name and properties so that the brackets stand under each other. Widths are counted
// in bytes, as they always were.
func alignBrackets(rows []outlineRow, withTags bool) string {
	lines := make([]string, len(rows))
	column := 0
	for n, r := range rows {
		lines[n] = r.name + " " + bracketed(r.tokens)
		if withTags {
			lines[n] += " " + tagList(r.tags)
		}
		column = max(column, strings.IndexByte(lines[n], '['))
	}
	for n, line := range lines {
		at := strings.IndexByte(line, '[')
		lines[n] = line[:at] + strings.Repeat(" ", column-at) + line[at:]
	}
	return strings.Join(lines, "\n")
}

func tagList(tags []Tag) string {
	tags = slices.Clone(tags)
	slices.SortFunc(tags, func(a, b Tag) int { return strings.Compare(a.Name, b.Name) })
	names := make([]string, len(tags))
	for n, t := range tags {
		names[n] = t.Display()
	}
	return "[" + strings.Join(names, ",") + "]"
}

// tabulate draws the rows as columns between bars: the second, the lag, to the right, the others to the left.
func tabulate(rows []outlineRow) string {
	var widths []int
	cells := make([][]string, len(rows))
	for n, r := range rows {
		cells[n] = append([]string{r.name}, r.tokens...)
		for c, text := range cells[n] {
			if c == len(widths) {
				widths = append(widths, 0)
			}
			widths[c] = max(widths[c], len(text))
		}
	}
	lines := make([]string, len(rows))
	for n, row := range cells {
		for c, text := range row {
			blanks := strings.Repeat(" ", widths[c]-len(text))
			if c == 1 {
				row[c] = blanks + text
			} else {
				row[c] = text + blanks
			}
		}
		lines[n] = strings.Join(row, "|")
	}
	return strings.Join(lines, "\n")
}
