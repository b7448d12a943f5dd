package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"orchestrator/internal/topology"
)

// view runs read in a transaction, so that all its queries see the same state.
func (s *Store) view(ctx context.Context, op string, read func(q querier) error) error {
	tx, err := s.reader.BeginTx(ctx, nil)
	if err != nil {
		return s.fail(op, err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return s.fail(op, read(tx))
}

// LoadInstances reads the whole picture as of one moment: all instances with everything declared about them, and the
// names. It is the same picture that was saved, with times cut to whole seconds; from it the analysis gives the same.
func (s *Store) LoadInstances(ctx context.Context) ([]*topology.Instance, topology.Names, error) {
	var instances []*topology.Instance
	var names topology.Names
	err := s.view(ctx, "load instances", func(q querier) error {
		var err error
		if instances, err = s.loadObserved(ctx, q); err != nil {
			return err
		}
		if err = s.loadDeclared(ctx, q, instances); err != nil {
			return err
		}
		names, err = s.loadNames(ctx, q)
		return err
	})
	if err != nil {
		return nil, topology.Names{}, err
	}
	return instances, names, nil
}

// loadObserved reads database_instance and the details that belong to its rows.
func (s *Store) loadObserved(ctx context.Context, q querier) ([]*topology.Instance, error) {
	type extra struct{ fingerprint, details string }
	extras := make(map[topology.Key]extra)
	err := s.each(ctx, q, "load instance details", func(r []value) {
		extras[keyColumns(r[0], r[1])] = extra{r[2].text(), r[3].text()}
	}, "SELECT hostname, port, fingerprint, details FROM database_instance_extra")
	if err != nil {
		return nil, err
	}
	codec := newRowCodec()
	args := make([]any, 0, len(codec.columns))
	var instances []*topology.Instance
	err = s.each(ctx, q, "load instances", func(r []value) {
		i := codec.decode(r)
		instances = append(instances, i)
		x, ok := extras[i.Key]
		if !ok {
			return
		}
		args = codec.encode(args[:0], i)
		if _, fingerprint := codec.digests(args); fingerprintText(fingerprint) != x.fingerprint {
			return // somebody else has changed the row since
		}
		details, err := decodeDetails(x.details)
		if err != nil {
			s.log.Warn("backend: unreadable instance details are left out", "instance", i.Key.String(), "error", err)
			return
		}
		details.applyTo(i)
	}, "SELECT "+codec.names+" FROM database_instance ORDER BY hostname, port")
	return instances, err
}

// loadDeclared fills in what people and recoveries have declared about the instances.
func (s *Store) loadDeclared(ctx context.Context, q querier, instances []*topology.Instance) error {
	candidates, err := s.candidates(ctx, q)
	if err != nil {
		return err
	}
	rules := make(map[topology.Key]topology.PromotionRule, len(candidates))
	for _, c := range candidates {
		rules[c.Key] = c.Rule
	}
	downtimes, err := s.downtimes(ctx, q)
	if err != nil {
		return err
	}
	maintenances, err := s.maintenances(ctx, q)
	if err != nil {
		return err
	}
	locks := make(map[topology.Key]*topology.Maintenance, len(maintenances))
	for n := range maintenances {
		locks[maintenances[n].Key] = &maintenances[n]
	}
	tags, err := s.tags(ctx, q)
	if err != nil {
		return err
	}
	accepted, err := s.acceptedErrants(ctx, q)
	if err != nil {
		return err
	}
	unresolved, err := s.unresolved(ctx, q)
	if err != nil {
		return err
	}
	stale, err := s.staleCoordinates(ctx, q)
	if err != nil {
		return err
	}
	snapshots, err := s.agentSnapshots(ctx, q)
	if err != nil {
		return err
	}
	for _, i := range instances {
		i.PromotionRule = rules[i.Key]
		if d, ok := downtimes[i.Key]; ok {
			i.Downtime = &d
		}
		i.Maintenance = locks[i.Key]
		i.Tags = tags[i.Key]
		if a, ok := accepted[i.Key]; ok {
			i.Accepted = &a
		}
		i.UnresolvedHostname = unresolved[i.Key.Hostname]
		i.Snapshots = snapshots[i.Key.Hostname]
		if c, ok := stale[i.Key]; ok && c.At.Compare(i.SelfCoordinates) == 0 {
			i.StaleSince = c.FirstSeen
		}
	}
	return nil
}

// loadNames reads the names of clusters and hosts.
func (s *Store) loadNames(ctx context.Context, q querier) (topology.Names, error) {
	var n topology.Names
	var err error
	if n.Aliases, err = s.textMap(ctx, q, "load cluster aliases",
		"SELECT cluster_name, alias FROM cluster_alias"); err != nil {
		return n, err
	}
	if n.Domains, err = s.textMap(ctx, q, "load cluster domains",
		"SELECT cluster_name, domain_name FROM cluster_domain_name"); err != nil {
		return n, err
	}
	n.Resolved, err = s.textMap(ctx, q, "load resolved host names",
		"SELECT hostname, resolved_hostname FROM hostname_resolve")
	return n, err
}

// textMap reads two text columns into a map.
func (s *Store) textMap(ctx context.Context, q querier, op, query string, args ...any) (map[string]string, error) {
	m := make(map[string]string)
	err := s.each(ctx, q, op, func(r []value) { m[r[0].text()] = r[1].text() }, query, args...)
	return m, err
}

// SaveInstances writes the instances in full, whatever was stored before, in one transaction. It is for what must be
// there at once (servers that a person or a snapshot names); probes go through a Writer.
func (s *Store) SaveInstances(ctx context.Context, instances ...*topology.Instance) error {
	if len(instances) == 0 {
		return nil
	}
	codec := newRowCodec()
	rows := make([]instanceRow, len(instances))
	for n, i := range instances {
		var err error
		if rows[n], err = codec.row(i); err != nil {
			return s.fail("save instances", err)
		}
	}
	return s.tx(ctx, "save instances", func(tx *sql.Tx) error { return s.saveRows(ctx, tx, codec, rows) })
}

// InsertUnseen adds servers that are known by name only (the source that a replica names, a peer's snapshot), unless
// they are there already. It returns how many were added.
func (s *Store) InsertUnseen(ctx context.Context, instances ...*topology.Instance) (int, error) {
	added := 0
	codec := newRowCodec()
	err := s.tx(ctx, "insert unseen instances", func(tx *sql.Tx) error {
		added = 0
		for _, i := range instances {
			n, err := s.execOn(ctx, tx, "insert unseen instance "+i.Key.String(),
				s.dialect.insertIgnore("database_instance", codec.names), codec.encode(nil, i)...)
			if err != nil {
				return err
			}
			added += int(n)
		}
		return nil
	})
	return added, err
}

// instanceRow is an instance ready to be written.
type instanceRow struct {
	key         topology.Key
	args        []any
	content     uint64
	fingerprint string
	details     string
}

func (c rowCodec) row(i *topology.Instance) (instanceRow, error) {
	r := instanceRow{key: i.Key, args: c.encode(make([]any, 0, len(c.columns)), i)}
	details, err := encodeDetails(i)
	if err != nil {
		return r, err
	}
	content, fingerprint := c.digests(r.args)
	h := hashText(details)
	r.content, r.fingerprint, r.details = content^h, fingerprintText(fingerprint), details
	return r, nil
}

// rowsPerStatement is how many instances one MySQL statement carries, as the original's InstanceWriteBufferSize.
const rowsPerStatement = 100

// The columns of database_instance_extra.
const (
	extraKey    = "hostname, port"
	extraOthers = "fingerprint, details, last_updated"
)

func (r instanceRow) extra(now string) []any {
	return []any{r.key.Hostname, r.key.Port, r.fingerprint, r.details, now}
}

// saveRows writes rows in full: on MySQL many per statement, on SQLite one prepared statement for all.
func (s *Store) saveRows(ctx context.Context, tx *sql.Tx, codec rowCodec, rows []instanceRow) error {
	now := stamp(s.now())
	if s.dialect == SQLite {
		return s.saveOneByOne(ctx, tx, codec, rows, now)
	}
	for batch := range slices.Chunk(rows, rowsPerStatement) {
		var args, extra []any
		for _, r := range batch {
			args = append(args, r.args...)
			extra = append(extra, r.extra(now)...)
		}
		if _, err := s.execOn(ctx, tx, "write instances",
			s.dialect.upsertRows("database_instance", codec.key, codec.others, len(batch)), args...); err != nil {
			return err
		}
		if _, err := s.execOn(ctx, tx, "write instance details",
			s.dialect.upsertRows("database_instance_extra", extraKey, extraOthers, len(batch)), extra...); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) saveOneByOne(ctx context.Context, tx *sql.Tx, codec rowCodec, rows []instanceRow, now string) (err error) {
	instance, err := tx.PrepareContext(ctx, s.dialect.upsert("database_instance", codec.key, codec.others))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, instance.Close()) }()
	extra, err := tx.PrepareContext(ctx, s.dialect.upsert("database_instance_extra", extraKey, extraOthers))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, extra.Close()) }()
	for _, r := range rows {
		if _, err := instance.ExecContext(ctx, r.args...); err != nil {
			return fmt.Errorf("instance %s: %w", r.key, err)
		}
		if _, err := extra.ExecContext(ctx, r.extra(now)...); err != nil {
			return fmt.Errorf("details of instance %s: %w", r.key, err)
		}
	}
	return nil
}

// keyList is `(?,?),(?,?)` as the right side of IN for pairs of host and port.
func (d Dialect) keyList(keys []topology.Key) (string, []any) {
	pairs := strings.TrimSuffix(strings.Repeat("(?, ?), ", len(keys)), ", ")
	args := make([]any, 0, 2*len(keys))
	for _, k := range keys {
		args = append(args, k.Hostname, k.Port)
	}
	if d == MySQL {
		return "(" + pairs + ")", args
	}
	return "(VALUES " + pairs + ")", args
}
