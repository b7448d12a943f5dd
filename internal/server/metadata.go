package server

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/topology"
)

// Metadata is a database that knows of servers what they do not say themselves (MetaDBHost). Cluster alias, cluster
// domain and data center are asked of it instead of them. The zero value is none.
type Metadata struct {
	At     topology.Key
	Schema string
}

// What bounds the harm that a metadata database does which does not answer: servers are probed all the same.
const (
	metadataWithin = time.Second
	metadataRest   = 10 * time.Second // until it is asked again
)

var errMetadataRests = errors.New("the metadata database did not answer a moment ago, and is left alone for some seconds")

// metadata is what a registry of servers knows of its metadata database. Its account is that for managed servers; its
// connections are its own, because they have a schema.
type metadata struct {
	mu    sync.Mutex
	at    *Server
	rests time.Time // until then it is not asked
}

// server is the database to ask, unless it rests.
func (m *metadata) server(s *Servers, o *Options) (*Server, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o.Now().Before(m.rests) {
		return nil, errMetadataRests
	}
	if m.at == nil || m.at.key != o.Metadata.At {
		if m.at != nil {
			m.at.close()
		}
		m.at = newServer(s, o.Metadata.At)
	}
	return m.at, nil
}

func (m *metadata) rest(until time.Time) {
	m.mu.Lock()
	m.rests = until
	m.mu.Unlock()
}

func (m *metadata) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at != nil {
		m.at.close()
	}
}

// askMetadata has a query about a server answered by the metadata database.
func (s *Servers) askMetadata(ctx context.Context, o *Options, sql string, about topology.Key) (answer string, ok bool, err error) {
	db, err := s.metadata.server(s, o)
	if err != nil {
		return "", false, err
	}
	ctx, cancel := context.WithTimeout(ctx, metadataWithin)
	defer cancel()
	err = db.with(ctx, "ask the metadata database", func(c *conn, _ Dialect) (err error) {
		if o.Metadata.Schema != "" {
			if err := c.exec(ctx, "USE "+quoteName(o.Metadata.Schema)); err != nil {
				return err
			}
		}
		answer, ok, err = c.cell(ctx, aboutServer(sql, about))
		return err
	})
	if err != nil && CodeOf(err) == 0 { // it did not say no, it said nothing
		s.metadata.rest(o.Now().Add(metadataRest))
	}
	return answer, ok, err
}

// aboutServer fills in the placeholders that a query for the metadata database has for a server's host and port. They
// stand within quotes that the user wrote, out of which no host name shall lead.
func aboutServer(sql string, key topology.Key) string {
	host := strings.NewReplacer(`\`, `\\`, `'`, `''`, `"`, `""`).Replace(key.Hostname)
	port := strconv.Itoa(key.Port)
	return strings.NewReplacer("{host}", host, "dc_vaild_host_flag", host, "{port}", port, "dc_vaild_port_flag", port).Replace(sql)
}
