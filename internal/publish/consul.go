package publish

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Consul is Consul's key-value store, over its HTTP API. All keys of a cluster go in one transaction, whose first
// operation checks that the revision is still the one that was read.
type Consul struct {
	Address string // host:port
	Scheme  string // http or https
	Token   string
	Client  *http.Client // required; its transport has the certificates
	// Everywhere says whether to write to all data centers, and not to that of the agent alone. Nil: no.
	Everywhere func() bool
}

// Name implements KV.
func (c *Consul) Name() string { return "consul " + c.url("") }

// Put implements KV. Data centers are written to at the same time; one that fails holds up no other.
func (c *Consul) Put(ctx context.Context, p Primary) (Outcome, error) {
	if err := p.check(); err != nil {
		return Unknown, err
	}
	centers, err := c.centers(ctx)
	if err != nil {
		return Unknown, err
	}
	outcomes, errs := make([]Outcome, len(centers)), make([]error, len(centers))
	var work sync.WaitGroup
	for n, center := range centers {
		work.Go(func() {
			outcomes[n], errs[n] = raced(func() (Outcome, error) { return c.putIn(ctx, center, p) })
			if errs[n] != nil {
				errs[n] = fmt.Errorf("write the primary of %s to Consul at %s%s: %w", p.Alias, c.Address, in(center), errs[n])
			}
		})
	}
	work.Wait()
	return together(outcomes), errors.Join(errs...)
}

// Look implements KV. Data centers are read at the same time.
func (c *Consul) Look(ctx context.Context, p Primary) ([]Sight, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	centers, err := c.centers(ctx)
	if err != nil {
		return nil, err
	}
	sights, errs := make([]Sight, len(centers)), make([]error, len(centers))
	var work sync.WaitGroup
	for n, center := range centers {
		work.Go(func() {
			held, err := c.read(ctx, center, p)
			if err == nil {
				sights[n], err = p.sight(center, held)
			}
			if err != nil {
				errs[n] = fmt.Errorf("read the primary of %s from Consul at %s%s: %w", p.Alias, c.Address, in(center), err)
			}
		})
	}
	work.Wait()
	return sights, errors.Join(errs...)
}

// centers are the data centers that are written to; an empty name is that of the agent.
func (c *Consul) centers(ctx context.Context) ([]string, error) {
	if c.Everywhere == nil || !c.Everywhere() {
		return []string{""}, nil
	}
	var centers []string
	if err := c.ask(ctx, http.MethodGet, "/v1/catalog/datacenters", "", nil, &centers); err != nil {
		return nil, fmt.Errorf("list the data centers of Consul at %s: %w", c.Address, err)
	}
	return centers, nil
}

func in(center string) string {
	if center == "" {
		return ""
	}
	return ", data center " + center
}

// together is the outcome of several: what is worth saying most.
func together(outcomes []Outcome) Outcome {
	all := Present
	for _, o := range outcomes {
		if o == Unknown {
			return Unknown
		}
		if o == Superseded || o == Written && all != Superseded {
			all = o
		}
	}
	return all
}

// consulEntry is an entry as Consul shows it.
type consulEntry struct {
	Key         string
	Value       string // base64
	ModifyIndex int64
}

// consulOperation is an operation of a transaction.
type consulOperation struct {
	KV consulVerb
}

type consulVerb struct {
	Verb  string
	Key   string
	Value string `json:",omitempty"`
	Index int64  `json:",omitempty"`
}

func (c *Consul) putIn(ctx context.Context, center string, p Primary) (Outcome, error) {
	held, err := c.read(ctx, center, p)
	if err != nil {
		return Unknown, err
	}
	change, outcome, err := p.changes(held)
	if err != nil || outcome != Written {
		return outcome, err
	}
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	var operations []consulOperation
	add := func(v consulVerb) { operations = append(operations, consulOperation{v}) }
	// Index 0 says that there is none yet.
	add(consulVerb{Verb: "cas", Key: p.revisionKey(), Value: encode(fmt.Sprint(p.Revision)), Index: change.revision.version})
	for _, pair := range change.set {
		if pair.Key != p.revisionKey() {
			add(consulVerb{Verb: "set", Key: pair.Key, Value: encode(pair.Value)})
		}
	}
	for _, key := range change.remove {
		add(consulVerb{Verb: "delete", Key: key})
	}
	var refused struct {
		Errors []struct {
			OpIndex int
			What    string
		}
	}
	err = c.ask(ctx, http.MethodPut, "/v1/txn", center, operations, &refused)
	var answer *httpError
	if errors.As(err, &answer) && answer.status == http.StatusConflict {
		if len(refused.Errors) > 0 && refused.Errors[0].OpIndex == 0 && strings.Contains(refused.Errors[0].What, "index") {
			return Unknown, errRaced
		}
	}
	if err != nil {
		return Unknown, err
	}
	return Written, nil
}

// read returns what Consul holds of a cluster. It asks the servers' leader, not what an agent remembers.
func (c *Consul) read(ctx context.Context, center string, p Primary) (map[string]entry, error) {
	held := make(map[string]entry)
	var list []consulEntry
	path := "/v1/kv/" + (&url.URL{Path: p.Pairs[0].Key}).EscapedPath() + "?recurse=true&consistent="
	err := c.ask(ctx, http.MethodGet, path, center, nil, &list)
	var answer *httpError
	if errors.As(err, &answer) && answer.status == http.StatusNotFound {
		return held, nil
	}
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		value, err := base64.StdEncoding.DecodeString(e.Value)
		if err != nil {
			return nil, fmt.Errorf("the value of %s cannot be read: %w", e.Key, err)
		}
		held[e.Key] = entry{there: true, value: string(value), version: e.ModifyIndex}
	}
	return held, nil
}

func (c *Consul) url(path string) string { return firstOf(c.Scheme, "http") + "://" + c.Address + path }

func (c *Consul) ask(ctx context.Context, method, path, center string, body, out any) error {
	if center != "" {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		path += separator + "dc=" + url.QueryEscape(center)
	}
	header := http.Header{}
	if c.Token != "" {
		header.Set("X-Consul-Token", c.Token)
	}
	return askJSON(ctx, c.Client, method, c.url(path), header, body, out)
}
