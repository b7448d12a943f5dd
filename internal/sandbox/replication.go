package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ReplicaStatus is the part of SHOW REPLICA STATUS that is the same everywhere.
type ReplicaStatus struct {
	SourceHost   string
	SourcePort   int
	IO           string // "Yes", "No" or "Connecting"
	SQL          string // "Yes" or "No"
	ExecutedFile string // the source's binary log that holds the last applied event
	ExecutedPos  uint64
	LastIOError  string
	LastSQLError string
	UsesGTID     bool // MySQL: auto position; MariaDB: slave_pos or current_pos
}

// Running says whether both threads run.
func (s ReplicaStatus) Running() bool { return s.IO == "Yes" && s.SQL == "Yes" }

func (s ReplicaStatus) String() string {
	text := fmt.Sprintf("from %s:%d io=%s sql=%s executed=%s:%d", s.SourceHost, s.SourcePort, s.IO, s.SQL, s.ExecutedFile, s.ExecutedPos)
	for _, e := range []string{s.LastIOError, s.LastSQLError} {
		if e != "" {
			text += "; " + e
		}
	}
	return text
}

// newWords says whether the family has the statements with replica and source in place of slave and master.
func (f Family) newWords() bool { return f.Flavor == MySQL }

// replicaWord is how the family's statements name a replica.
func (f Family) replicaWord() string {
	if f.newWords() {
		return "REPLICA"
	}
	return "SLAVE"
}

// Replica reads the node's replication status; false when it was never told to replicate.
func (n *Node) Replica(ctx context.Context) (ReplicaStatus, bool, error) {
	row, err := n.Row(ctx, "SHOW "+n.cluster.family.replicaWord()+" STATUS")
	if err != nil || row == nil {
		return ReplicaStatus{}, false, err
	}
	either := func(now, then string) string {
		if value, ok := row[now]; ok {
			return value
		}
		return row[then]
	}
	status := ReplicaStatus{
		SourceHost:   either("Source_Host", "Master_Host"),
		IO:           either("Replica_IO_Running", "Slave_IO_Running"),
		SQL:          either("Replica_SQL_Running", "Slave_SQL_Running"),
		ExecutedFile: either("Relay_Source_Log_File", "Relay_Master_Log_File"),
		LastIOError:  row["Last_IO_Error"],
		LastSQLError: row["Last_SQL_Error"],
		UsesGTID:     row["Auto_Position"] == "1" || (row["Using_Gtid"] != "" && row["Using_Gtid"] != "No"),
	}
	port, err := strconv.Atoi(either("Source_Port", "Master_Port"))
	if err != nil {
		return status, true, fmt.Errorf("%s: source port: %w", n, err)
	}
	status.SourcePort = port
	if status.ExecutedPos, err = strconv.ParseUint(either("Exec_Source_Log_Pos", "Exec_Master_Log_Pos"), 10, 64); err != nil {
		return status, true, fmt.Errorf("%s: executed position: %w", n, err)
	}
	return status, true, nil
}

// Position is the end of the node's own binary log.
func (n *Node) Position(ctx context.Context) (file string, position uint64, err error) {
	query := "SHOW MASTER STATUS"
	if n.cluster.family.newWords() && n.cluster.family.atLeast(8, 2, 0) {
		query = "SHOW BINARY LOG STATUS"
	}
	row, err := n.Row(ctx, query)
	if err != nil {
		return "", 0, err
	}
	if row == nil {
		return "", 0, fmt.Errorf("%s: it writes no binary log", n)
	}
	if position, err = strconv.ParseUint(row["Position"], 10, 64); err != nil {
		return "", 0, fmt.Errorf("%s: %s: %w", n, query, err)
	}
	return row["File"], position, nil
}

// Follow makes the node a replica of source and starts it: by GTID when the cluster uses them, or else from the end of
// the source's binary log. It does not wait for the threads; see [Cluster.AwaitReplication].
func (n *Node) Follow(ctx context.Context, source *Node) error {
	file, position := "", uint64(0)
	if !n.cluster.options.GTID {
		var err error
		if file, position, err = source.Position(ctx); err != nil {
			return err
		}
	}
	return n.FollowAt(ctx, source.Host, source.Port, file, position)
}

// FollowAt is Follow from a place in the log of any server; the place does not count when the cluster uses GTIDs.
func (n *Node) FollowAt(ctx context.Context, host string, port int, file string, position uint64) error {
	word := n.cluster.family.replicaWord()
	return n.Exec(ctx, "STOP "+word, n.changeSource(host, port, file, position), "START "+word)
}

// changeSource is the statement that tells the node its source.
func (n *Node) changeSource(host string, port int, file string, position uint64) string {
	family, options := n.cluster.family, n.cluster.options
	word := "MASTER"
	if family.newWords() {
		word = "SOURCE"
	}
	var settings []string
	set := func(name, value string) { settings = append(settings, word+"_"+name+"="+value) }
	set("HOST", "'"+host+"'")
	set("PORT", strconv.Itoa(port))
	set("USER", "'"+UserRepl+"'")
	set("PASSWORD", "'"+Password(UserRepl)+"'")
	set("CONNECT_RETRY", "1")
	if family.Flavor != MariaDB {
		set("RETRY_COUNT", "1000000") // the default of new servers is to give up after ten tries
	}
	if family.Flavor == MySQL {
		set("SSL", strconv.Itoa(bit(options.TLS)))
		settings = append(settings, "GET_SOURCE_PUBLIC_KEY=1")
	}
	if !options.GTID {
		set("LOG_FILE", "'"+file+"'")
		set("LOG_POS", strconv.FormatUint(position, 10))
	}
	if family.Flavor == MariaDB {
		if options.GTID {
			set("USE_GTID", "slave_pos")
		} else {
			set("USE_GTID", "no")
		}
	} else {
		set("AUTO_POSITION", strconv.Itoa(bit(options.GTID)))
	}
	verb := "CHANGE MASTER TO "
	if family.newWords() {
		verb = "CHANGE REPLICATION SOURCE TO "
	}
	return verb + strings.Join(settings, ", ")
}

func bit(on bool) int {
	if on {
		return 1
	}
	return 0
}

// SetReadOnly makes the node writable or not; on MySQL super_read_only goes along.
func (n *Node) SetReadOnly(ctx context.Context, on bool) error {
	if on && n.cluster.family.Flavor == MySQL {
		return n.Exec(ctx, "SET GLOBAL super_read_only=1") // takes read_only with it
	}
	return n.Exec(ctx, fmt.Sprintf("SET GLOBAL read_only=%d", bit(on))) // and 0 takes super_read_only with it
}

// ReadOnly reads the node's read_only.
func (n *Node) ReadOnly(ctx context.Context) (bool, error) {
	var on bool
	err := n.Scan(ctx, "SELECT @@global.read_only", &on)
	return on, err
}

// waitForReceipts switches semi-sync on where it writes.
func (n *Node) waitForReceipts(ctx context.Context) error {
	return n.Exec(ctx, "SET GLOBAL rpl_semi_sync_"+n.cluster.family.semiSyncWord()+"_enabled=1")
}

// semiSyncWord is what stands in the names of a semi-sync source's variables.
func (f Family) semiSyncWord() string {
	if f.Flavor == MariaDB {
		return "master"
	}
	return "source"
}

// SemiSyncReplicas is the number of replicas that give this node receipts.
func (n *Node) SemiSyncReplicas(ctx context.Context) (int, error) {
	var name string
	var clients int
	err := n.Scan(ctx, "SHOW GLOBAL STATUS LIKE 'Rpl_semi_sync_"+n.cluster.family.semiSyncWord()+"_clients'", &name, &clients)
	return clients, err
}

// awaitReceivers returns when at least one replica gives this node receipts.
func (n *Node) awaitReceivers(ctx context.Context) error {
	return poll(ctx, 5*time.Millisecond, func(ctx context.Context) (bool, error) {
		replicas, err := n.SemiSyncReplicas(ctx)
		if err == nil && replicas == 0 {
			err = notYet{fmt.Errorf("%s: no semi-sync replica", n)}
		}
		return err == nil, err
	})
}

// AwaitReplication returns when every node that was told to replicate does, with both threads. Frozen and ended nodes do not
// count.
func (c *Cluster) AwaitReplication(ctx context.Context) error {
	return c.awaitReplicas(ctx, "replication", func(_ context.Context, n *Node, status ReplicaStatus) error {
		if !status.Running() {
			return notYet{fmt.Errorf("%s: %s", n, status)}
		}
		return nil
	})
}

// AwaitCaughtUp returns when every replica has applied all that its source has in its binary log; frozen and ended
// nodes do not count on either side. It never does while somebody writes all the time.
func (c *Cluster) AwaitCaughtUp(ctx context.Context) error {
	return c.awaitReplicas(ctx, "replicas to catch up", func(ctx context.Context, n *Node, status ReplicaStatus) error {
		source := c.byPort(status.SourcePort)
		if source == nil || !source.answering() {
			return nil
		}
		if !status.Running() {
			return notYet{fmt.Errorf("%s: %s", n, status)}
		}
		behind, err := n.behind(ctx, source, status)
		if err != nil {
			return err
		}
		if behind != "" {
			return notYet{fmt.Errorf("%s: %s; missing %s", n, status, behind)}
		}
		return nil
	})
}

// awaitReplicas asks check about every replica until, in one round, it has no objection to any: what was true of one
// node must still be so when the node that it replicates from has moved on.
func (c *Cluster) awaitReplicas(ctx context.Context, what string, check func(context.Context, *Node, ReplicaStatus) error) error {
	err := poll(ctx, 5*time.Millisecond, func(ctx context.Context) (bool, error) {
		for _, n := range c.nodes {
			if !n.answering() {
				continue
			}
			status, replicates, err := n.Replica(ctx)
			if err == nil && replicates {
				err = check(ctx, n, status)
			}
			if err != nil {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil {
		return fmt.Errorf("await %s: %w", what, err)
	}
	return nil
}

func (c *Cluster) byPort(port int) *Node {
	for _, n := range c.nodes {
		if n.Port == port {
			return n
		}
	}
	return nil
}

// behind names what source has and the node has not applied; empty when there is nothing.
func (n *Node) behind(ctx context.Context, source *Node, status ReplicaStatus) (string, error) {
	switch {
	case !n.cluster.options.GTID:
		file, position, err := source.Position(ctx)
		if err != nil || (status.ExecutedFile == file && status.ExecutedPos >= position) || status.ExecutedFile > file {
			return "", err
		}
		return fmt.Sprintf("up to %s:%d", file, position), nil
	case n.cluster.family.Flavor == MariaDB:
		var theirs, applied, logged string
		if err := source.Scan(ctx, "SELECT @@global.gtid_binlog_pos", &theirs); err != nil {
			return "", err
		}
		if err := n.Scan(ctx, "SELECT @@global.gtid_slave_pos, @@global.gtid_binlog_pos", &applied, &logged); err != nil {
			return "", err
		}
		return missingDomains(theirs, applied+","+logged)
	default:
		var theirs, missing string
		if err := source.Scan(ctx, "SELECT @@global.gtid_executed", &theirs); err != nil {
			return "", err
		}
		err := n.Scan(ctx, "SELECT GTID_SUBTRACT('"+strings.ReplaceAll(theirs, "\n", "")+"', @@global.gtid_executed)", &missing)
		return missing, err
	}
}

// missingDomains lists the GTIDs of theirs that ours has not reached, domain by domain.
func missingDomains(theirs, ours string) (string, error) {
	wanted, err := lastOfDomains(theirs)
	if err != nil {
		return "", err
	}
	have, err := lastOfDomains(ours)
	if err != nil {
		return "", err
	}
	var missing []string
	for domain, number := range wanted {
		if have[domain] < number {
			missing = append(missing, fmt.Sprintf("domain %s up to %d", domain, number))
		}
	}
	return strings.Join(missing, ", "), nil
}

// lastOfDomains is the highest sequence number of each domain in a MariaDB GTID position.
func lastOfDomains(position string) (map[string]uint64, error) {
	last := map[string]uint64{}
	for text := range strings.SplitSeq(position, ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		parts := strings.Split(text, "-")
		if len(parts) != 3 {
			return nil, fmt.Errorf("GTID %q: want domain-server-number", text)
		}
		number, err := strconv.ParseUint(parts[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("GTID %q: %w", text, err)
		}
		last[parts[0]] = max(last[parts[0]], number)
	}
	return last, nil
}

// SameData compares tables of the database test on all answering nodes and returns an error that names the nodes and
// tables that differ from the first such node. It does not wait; see [Cluster.AwaitCaughtUp].
func (c *Cluster) SameData(ctx context.Context, tables ...string) error {
	var differences []error
	for _, table := range tables {
		var first *Node
		var want string
		for _, n := range c.nodes {
			if !n.answering() {
				continue
			}
			sum, err := n.checksum(ctx, table)
			if err != nil {
				return err
			}
			if first == nil {
				first, want = n, sum
			} else if sum != want {
				differences = append(differences, fmt.Errorf("table %s: %s has checksum %s, %s has %s", table, first, want, n, sum))
			}
		}
	}
	return errors.Join(differences...)
}

// checksum is that of a table's contents; "absent" when there is no such table.
func (n *Node) checksum(ctx context.Context, table string) (string, error) {
	if _, err := n.Row(ctx, "SELECT 1 FROM "+Database+"."+table+" LIMIT 1"); err != nil {
		if refusedWith(err, 1146) {
			return "absent", nil
		}
		return "", err
	}
	row, err := n.Row(ctx, "CHECKSUM TABLE "+Database+"."+table+" EXTENDED")
	return row["Checksum"], err
}
