package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// prepareSchema brings the schema up to date at Open, as far as the options allow.
func (s *Store) prepareSchema(ctx context.Context) error {
	found, err := s.catalogue(ctx, s.reader)
	if err != nil {
		return err
	}
	recorded, err := s.versionRecorded(ctx, found)
	if err != nil {
		return err
	}
	todo := s.missing(found)
	switch {
	case s.options.SkipUpdate && !found.has("database_instance"):
		return &Error{Backend: s.place, Op: "open", Err: ErrNoSchema}
	case s.options.SkipUpdate:
		return nil
	case s.options.PanicIfDifferent && s.options.Version != "" && !recorded:
		return &Error{Backend: s.place, Op: "open", Err: fmt.Errorf("version %s: %w", s.options.Version, ErrDifferentVersion)}
	case recorded && len(todo) == 0:
		return nil
	}
	return s.Deploy(ctx)
}

// Deploy compares the schema with the database, adds what is missing and records the version, even if the options
// said to leave the schema alone. Processes that do it at the same time wait for each other.
func (s *Store) Deploy(ctx context.Context) error {
	if s.dialect == MySQL {
		return s.fail("deploy the schema", s.deployMySQL(ctx))
	}
	return s.tx(ctx, "deploy the schema", func(tx *sql.Tx) error { return s.deployOn(ctx, tx) })
}

// deployWaitSeconds is how long to wait for another process that is deploying.
const deployWaitSeconds = 300

// deployMySQL deploys under a named lock, because DDL ends transactions there, and with patience: a slow server must
// not lead to half a schema.
func (s *Store) deployMySQL(ctx context.Context) (err error) {
	db, err := s.patientHandle(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return s.locked(ctx, db, "deploy", deployWaitSeconds, func(conn *sql.Conn) error { return s.deployOn(ctx, conn) })
}

func (s *Store) deployOn(ctx context.Context, q querier) error {
	found, err := s.catalogue(ctx, q)
	if err != nil {
		return err
	}
	todo := s.missing(found)
	for _, t := range todo {
		if err := s.deployStep(ctx, q, t); err != nil {
			return err
		}
	}
	if len(todo) > 0 {
		s.log.Info("backend schema deployed", "backend", s.place, "changes", len(todo), "version", s.options.Version)
	}
	if _, err := s.execOn(ctx, q, "seed the leader row", s.dialect.insertIgnore("active_node",
		"anchor, hostname, token, last_seen_active, first_seen_active"), 1, "", "", neverText, neverText); err != nil {
		return err
	}
	_, err = s.execOn(ctx, q, "record the version", s.dialect.replace("orchestrator_db_deployments",
		"deployed_version, deployed_timestamp"), s.options.Version, stamp(s.now()))
	return err
}

// change is one statement of an upgrade.
type change struct {
	what      string
	statement string
	optional  bool // the program works without it; a failure is logged
}

func (s *Store) deployStep(ctx context.Context, q querier, c change) error {
	_, err := s.execOn(ctx, q, c.what, c.statement)
	switch {
	case err == nil:
		return nil
	case alreadyThere(err):
		return nil // a process of another kind, which does not take our lock, was faster
	case c.optional:
		s.log.Error("backend schema: left out", "change", c.what, "error", err)
		return nil
	}
	return err
}

// alreadyThere says whether a statement failed because what it adds exists.
func alreadyThere(err error) bool {
	switch mysqlNumber(err) {
	case 1050, 1060, 1061: // table, column, key exists
		return true
	}
	text := err.Error()
	return strings.Contains(text, "already exists") || strings.Contains(text, "duplicate column name")
}

// missing is what has to be done to a database that has what was found.
func (s *Store) missing(found catalogue) []change {
	var todo []change
	for _, t := range schema() {
		have, exists := found[t.name]
		if !exists {
			todo = append(todo, change{what: "create table " + t.name, statement: s.dialect.createTable(t)})
			have = foundTable{}
			for _, x := range t.indexes {
				if s.dialect == SQLite {
					todo = append(todo, s.addIndex(t, x))
				}
			}
			continue
		}
		todo = append(todo, s.missingColumns(t, have)...)
		for _, x := range t.indexes {
			if !have.hasIndex(s.dialect.indexName(t, x), x) {
				todo = append(todo, s.addIndex(t, x))
			}
		}
	}
	return todo
}

func (s *Store) missingColumns(t table, have foundTable) []change {
	var absent []column
	for _, c := range t.columns {
		if _, ok := have.columns[c.name]; !ok {
			absent = append(absent, c)
		}
	}
	if len(absent) == 0 {
		return s.widen(t, have)
	}
	var todo []change
	for _, statement := range s.dialect.addColumns(t, absent) {
		todo = append(todo, change{what: "add columns to " + t.name, statement: statement})
	}
	return append(todo, s.widen(t, have)...)
}

func (s *Store) addIndex(t table, x index) change {
	// A unique index cannot be added when outside rows collide. The program looks before it inserts, so it can live
	// without; an index that only makes things faster is even less a reason not to start.
	return change{
		what:      "create index " + s.dialect.indexName(t, x),
		statement: s.dialect.createIndex(t, x),
		optional:  true,
	}
}

// versionRecorded says whether this version has deployed the schema before.
func (s *Store) versionRecorded(ctx context.Context, found catalogue) (bool, error) {
	if s.options.Version == "" || !found.has("orchestrator_db_deployments") {
		return false, nil
	}
	recorded := false
	err := s.each(ctx, s.reader, "read the deployed versions", func([]value) { recorded = true },
		"SELECT deployed_version FROM orchestrator_db_deployments WHERE deployed_version = ?", s.options.Version)
	return recorded, err
}
