package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/consensus"
	"orchestrator/internal/operate"
	"orchestrator/internal/publish"
)

// fellows are the nodes of the service as operations ask them.
type fellows struct {
	parts *parts
	begun time.Time
	reach func() []publish.Standing // of the key-value stores
}

// Name implements operate.Managers.
func (m fellows) Name() string {
	if m.parts.raft != nil {
		return m.parts.raft.ID()
	}
	return m.parts.node.Hostname
}

// Secret implements operate.Managers. Nodes that share a backend cannot answer a question that is another one each time.
func (m fellows) Secret() []byte {
	if m.parts.raft == nil {
		return nil
	}
	return []byte(m.parts.config().RaftClusterSecret)
}

// Ask implements operate.Managers.
func (m fellows) Ask(ctx context.Context, q operate.ReportQuery) []operate.NodeReport {
	if m.parts.raft == nil {
		return m.read(ctx, q)
	}
	return each(m.parts.raft.AskReports(ctx, q), func(o consensus.Opinion) operate.NodeReport {
		var r operate.NodeReport
		if o.Err == nil {
			o.Err = json.Unmarshal(o.Body, &r)
		}
		r.Node, r.Err = o.Member.ID, o.Err
		return r
	})
}

// Facts implements operate.Managers.
func (m fellows) Facts(ctx context.Context) operate.NodeFacts {
	c := m.parts.config()
	f := operate.NodeFacts{
		Begun: m.begun, Site: c.DataCenterOf(m.parts.node.Hostname), Witness: c.RaftWitness, Backend: "MySQL", Certificates: certificates(c),
	}
	place := "."
	if file := m.parts.store.File(); file != "" {
		f.Backend, f.BackendBytes, place = "SQLite", sizeOf(file), filepath.Dir(file)
	} else if c.IsSQLite() {
		f.Backend = "SQLite in memory"
	}
	if c.RaftEnabled {
		place = c.RaftDataDir
	}
	f.Disk = diskOf(place)
	if r := m.parts.raft; r != nil {
		if kept, ok := r.LastSnapshot(); ok {
			f.Snapshot, f.SnapshotSize = kept.At, kept.Size
		}
	}
	if m.parts.raft == nil {
		m.measure(ctx, &f)
	}
	for _, s := range m.reach() {
		reach := operate.StoreReach{Store: s.Store}
		if len(s.Problems) > 0 {
			reach.Problem, reach.Since = s.Problems[0].Text, s.Problems[0].Since
		}
		f.Stores = append(f.Stores, reach)
	}
	return f
}

// sizeOf is that of a SQLite file with its log; 0 when it cannot be known.
func sizeOf(file string) int64 {
	var all int64
	for _, name := range []string{file, file + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			all += info.Size()
		}
	}
	return all
}

// certificates are those that this node shows to others. One that cannot be read is left out: what needs it says so.
func certificates(c *config.Config) []operate.Certificate {
	var list []operate.Certificate
	for _, of := range []struct {
		key, file string
		used      bool
	}{
		{"SSLCertFile", c.SSLCertFile, c.UseSSL}, {"RaftSSLCertFile", c.RaftSSLCertFile, c.RaftEnabled},
		{"MySQLTopologySSLCertFile", c.MySQLTopologySSLCertFile, c.MySQLTopologyUseMutualTLS},
		{"MySQLOrchestratorSSLCertFile", c.MySQLOrchestratorSSLCertFile, c.MySQLOrchestratorUseMutualTLS},
	} {
		if !of.used || of.file == "" {
			continue
		}
		if end, ok := endOf(of.file); ok {
			list = append(list, operate.Certificate{Key: of.key, End: end})
		}
	}
	return list
}

// endOf is when the first certificate of a file, and all that come with it, are no longer valid.
func endOf(file string) (end time.Time, ok bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return end, false
	}
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return end, ok
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && (!ok || c.NotAfter.Before(end)) {
			end, ok = c.NotAfter, true
		}
	}
}

// answerReports lets the other nodes ask how this one is.
func answerReports(r *consensus.Raft, e *operate.Engine) {
	r.AnswerReports(func(ctx context.Context, body json.RawMessage) (any, error) {
		var q operate.ReportQuery
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, err
		}
		return e.Report(ctx, q)
	})
}
