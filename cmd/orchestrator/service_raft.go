package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"orchestrator/internal/analysis"
	"orchestrator/internal/config"
	"orchestrator/internal/consensus"
	"orchestrator/internal/recovery"
	"orchestrator/internal/store"
)

// joinRaft makes the service a node of a raft group: from now on its backend takes decisions through the log alone.
func (s *service) joinRaft() error {
	c := s.options.Settings.config()
	certificates, err := raftTLS(c)
	if err != nil {
		return err
	}
	bind := c.RaftAddress(c.RaftBind)
	listener, err := net.Listen("tcp", bind)
	if err != nil {
		return fmt.Errorf("listen on %s (RaftBind): %w", bind, err)
	}
	s.raft, err = consensus.NewRaft(consensus.RaftOptions{
		Backend: s.parts.store.Local(), Dir: c.RaftDataDir, Listener: listener,
		Advertise: raftAdvertise(c, listener), Nodes: func() []string { return s.options.Settings.config().RaftMembers() },
		URI: c.OwnURI(s.address().String()), Version: version, Self: s.parts.storeNode(),
		Secret: c.RaftClusterSecret, TLS: certificates, Election: c.RaftElection(), Witness: c.RaftWitness,
		Now: s.parts.now, Begin: s.parts.store.Genesis, Logger: s.options.Logger,
		Changed: func(leads bool) {
			if leads {
				s.engine.Wake()
			}
		},
		Applied: func(ops []string) {
			if slices.ContainsFunc(ops, toldAtOnce) {
				hurry(s.declared)
			}
			if slices.Contains(ops, "publish-primary") {
				s.parts.publisher.Wake()
			}
		},
	})
	if err != nil {
		return err // NewRaft has closed the listener
	}
	s.parts.store.Replicate(s.raft)
	s.parts.lead(elected{s.raft})
	s.parts.raft, s.parts.health.raft = s.raft, s.raft
	return nil
}

// raftAdvertise is the address that other nodes are told; a port 0 becomes the one that was given.
func raftAdvertise(c *config.Config, l net.Listener) string {
	address := c.RaftAddress(c.RaftAdvertise)
	host, port, err := net.SplitHostPort(address)
	if err != nil || port != "0" {
		return address
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok {
		return net.JoinHostPort(host, strconv.Itoa(tcp.Port))
	}
	return address
}

// raftTLS are the certificates of the raft port; nil without.
func raftTLS(c *config.Config) (*tls.Config, error) {
	if c.RaftSSLCertFile == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.RaftSSLCertFile, c.RaftSSLPrivateKeyFile)
	if err != nil {
		return nil, fmt.Errorf("RaftSSLCertFile %q and RaftSSLPrivateKeyFile %q: %w", c.RaftSSLCertFile, c.RaftSSLPrivateKeyFile, err)
	}
	pem, err := os.ReadFile(c.RaftSSLCAFile)
	if err != nil {
		return nil, fmt.Errorf("RaftSSLCAFile: %w", err)
	}
	t := &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !t.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("RaftSSLCAFile %s: no certificate in it", c.RaftSSLCAFile)
	}
	return t, nil
}

// toldAtOnce says whether the picture shows what a command declares, so that other nodes need not wait for the next look
// at the backend.
func toldAtOnce(op string) bool {
	switch op {
	case "discover", "forget", "forget-cluster", "begin-downtime", "end-downtime", "begin-maintenance", "end-maintenance",
		"put-instance-tag", "delete-instance-tag", "register-candidate", "register-hostname-unresolve",
		"set-cluster-alias-manual-override", "rename-cluster", "genesis", "snapshot":
		return true
	}
	return false
}

// answerOthers lets the other nodes ask what this one finds of a failure.
func (s *service) answerOthers() {
	s.raft.AnswerOpinions(func(ctx context.Context, body json.RawMessage) (any, error) {
		var q recovery.Inquiry
		if err := json.Unmarshal(body, &q); err != nil {
			return nil, err
		}
		return s.engine.View(ctx, q), nil
	})
}

const (
	// opinionsWithin is how long the other nodes may take to find a failure too.
	opinionsWithin = 2 * time.Second
	// enoughToDisagree is the number of votes from which on nodes are asked.
	enoughToDisagree = 3
)

// agreeOn asks the other nodes about a failure. It is recovered when most of those that can see the replicas find it.
func (s *service) agreeOn(ctx context.Context, f *analysis.Finding) ([]recovery.NodeView, error) {
	if s.raft == nil || !s.options.Settings.config().ExpectFailureAnalysisConcensus {
		return nil, nil
	}
	standing := s.raft.Standing()
	if standing.Voters < enoughToDisagree {
		return nil, nil
	}
	ask, cancel := context.WithTimeout(ctx, opinionsWithin)
	defer cancel()
	ballot := recovery.Ballot{}
	for _, m := range standing.Members {
		if m.Voter && !m.Witness {
			ballot.Voters++
		}
	}
	ballot.Count(recovery.View{Sees: true, Agrees: true}) // this node's own
	var against []string
	var views []recovery.NodeView
	q := recovery.Inquiry{Cluster: f.ClusterName, Failed: f.Key, Code: f.Code, Replicas: f.Replicas}
	s.raft.AskOpinions(ask, q, func(o consensus.Opinion) (enough bool) {
		var v recovery.View
		if o.Err == nil {
			o.Err = json.Unmarshal(o.Body, &v)
		}
		if o.Err != nil {
			ballot.Out++
			against = append(against, fmt.Sprintf("%s: %v", o.Member.Address, o.Err))
			views = append(views, recovery.NodeView{Node: o.Member.Address, Error: o.Err.Error()})
			return false
		}
		ballot.Count(v)
		views = append(views, recovery.NodeView{Node: o.Member.Address, View: v})
		if !v.Agrees {
			against = append(against, o.Member.Address+": "+v.Why)
		}
		return ballot.Carried()
	})
	if ballot.Carried() || ballot.Decides() {
		return views, nil
	}
	return nil, fmt.Errorf("of %d nodes that see the replicas, %d find the failure: %v", ballot.Sees, ballot.Agree, against)
}

// elected is the leadership of a node of a raft group.
type elected struct{ *consensus.Raft }

// Replicated implements operate.Leadership.
func (elected) Replicated() bool { return true }

// raftStamp says of every answer which node gave it, what part it plays, and how far it has come.
func raftStamp(r *consensus.Raft, hostname string) func(http.Header) {
	return func(h http.Header) {
		h.Set("X-Orchestrator-Node", hostname)
		h.Set("X-Orchestrator-Role", r.State())
		h.Set("X-Orchestrator-Index", strconv.FormatUint(r.AppliedIndex(), 10))
	}
}

// betweenNodes carries requests to the leader. A change may take as long as it takes.
func betweenNodes(c *config.Config) (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DialContext = (&net.Dialer{Timeout: 2 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	t.Proxy = nil
	if !c.UseSSL {
		return t, nil
	}
	var err error
	t.TLSClientConfig, err = peerTLS(c)
	return t, err
}

// peerTLS is how the service proves who others are, and who it is where UseMutualTLS says so.
func peerTLS(c *config.Config) (*tls.Config, error) {
	t := &tls.Config{InsecureSkipVerify: c.SSLSkipVerify, MinVersion: tls.VersionTLS12} //nolint:gosec // asked for by SSLSkipVerify
	if c.SSLCAFile != "" {
		pem, err := os.ReadFile(c.SSLCAFile)
		if err != nil {
			return nil, fmt.Errorf("SSLCAFile: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("SSLCAFile %s: no certificate in it", c.SSLCAFile)
		}
	}
	if c.UseMutualTLS {
		pair, err := tls.LoadX509KeyPair(c.SSLCertFile, c.SSLPrivateKeyFile)
		if err != nil {
			return nil, fmt.Errorf("UseMutualTLS with SSLCertFile %q and SSLPrivateKeyFile %q: %w", c.SSLCertFile, c.SSLPrivateKeyFile, err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

// onlyThisNode are the processes whose recoveries count as running in a raft group: this node leads, so no other does.
func (p *parts) onlyThisNode(context.Context) ([]store.Node, error) {
	return []store.Node{p.storeNode()}, nil
}

// closeRaft ends a node that was never run.
func (s *service) closeRaft() error {
	if s.raft == nil {
		return nil
	}
	if err := s.raft.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("raft: %w", err)
	}
	return nil
}
