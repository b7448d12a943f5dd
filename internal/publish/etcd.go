package publish

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Etcd is etcd, version 3, over the JSON form of its API. All keys of a cluster are written in one transaction, on the
// condition that the revision is still the one that was read.
type Etcd struct {
	Addresses      []string // URLs of the members; each is tried until one answers
	User, Password string   // "" for none
	Client         *http.Client
}

// EtcdAddresses reads a list of `host[:port]` or URLs, comma separated.
func EtcdAddresses(list string) []string {
	var all []string
	for a := range strings.SplitSeq(list, ",") {
		if a = strings.TrimRight(strings.TrimSpace(a), "/"); a == "" {
			continue
		}
		scheme, host, given := strings.Cut(a, "://")
		if !given {
			scheme, host = "http", a
		}
		if strings.LastIndex(host, ":") <= strings.LastIndex(host, "]") {
			host += ":2379"
		}
		all = append(all, scheme+"://"+host)
	}
	return all
}

// Name implements KV.
func (e *Etcd) Name() string { return "etcd " + strings.Join(e.Addresses, ",") }

// Put implements KV.
func (e *Etcd) Put(ctx context.Context, p Primary) (Outcome, error) {
	if err := p.check(); err != nil {
		return Unknown, err
	}
	o, err := raced(func() (Outcome, error) { return e.put(ctx, p) })
	if err != nil {
		err = fmt.Errorf("write the primary of %s to etcd: %w", p.Alias, err)
	}
	return o, err
}

// Look implements KV.
func (e *Etcd) Look(ctx context.Context, p Primary) ([]Sight, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	held, err := e.read(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("read the primary of %s from etcd: %w", p.Alias, err)
	}
	return p.seenIn(held)
}

// What is sent and answered. Keys and values are base64, numbers are text.
type (
	etcdRange struct {
		Key []byte `json:"key"`
	}
	etcdPut struct {
		Key   []byte `json:"key"`
		Value []byte `json:"value"`
	}
	etcdDelete struct {
		Key []byte `json:"key"`
	}
	etcdOp struct {
		Range  *etcdRange  `json:"requestRange,omitempty"`
		Put    *etcdPut    `json:"requestPut,omitempty"`
		Delete *etcdDelete `json:"requestDeleteRange,omitempty"`
	}
	etcdCompare struct {
		Result      string `json:"result"`
		Target      string `json:"target"`
		Key         []byte `json:"key"`
		ModRevision string `json:"modRevision"`
	}
	etcdTxn struct {
		Compare []etcdCompare `json:"compare,omitempty"`
		Success []etcdOp      `json:"success"`
	}
	etcdAnswer struct {
		Succeeded bool
		Responses []struct {
			Range struct {
				KVs []struct {
					Key, Value  string
					ModRevision string `json:"mod_revision"`
				}
			} `json:"response_range"`
		}
	}
)

func (e *Etcd) put(ctx context.Context, p Primary) (Outcome, error) {
	held, err := e.read(ctx, p)
	if err != nil {
		return Unknown, err
	}
	change, outcome, err := p.changes(held)
	if err != nil || outcome != Written {
		return outcome, err
	}
	// A key that was never written has the revision 0.
	txn := etcdTxn{Compare: []etcdCompare{{
		Result: "EQUAL", Target: "MOD", Key: []byte(p.revisionKey()), ModRevision: strconv.FormatInt(change.revision.version, 10),
	}}}
	// The revision is written even where it stays the same, so that of two who write at once one notices the other.
	txn.Success = append(txn.Success, etcdOp{Put: &etcdPut{[]byte(p.revisionKey()), []byte(strconv.FormatInt(p.Revision, 10))}})
	for _, pair := range change.set {
		if pair.Key != p.revisionKey() {
			txn.Success = append(txn.Success, etcdOp{Put: &etcdPut{[]byte(pair.Key), []byte(pair.Value)}})
		}
	}
	for _, key := range change.remove {
		txn.Success = append(txn.Success, etcdOp{Delete: &etcdDelete{[]byte(key)}})
	}
	var answer etcdAnswer
	if err := e.ask(ctx, txn, &answer); err != nil {
		return Unknown, err
	}
	if !answer.Succeeded {
		return Unknown, errRaced
	}
	return Written, nil
}

// read returns what etcd holds of a cluster, as of one moment.
func (e *Etcd) read(ctx context.Context, p Primary) (map[string]entry, error) {
	txn := etcdTxn{}
	for _, key := range p.keys() {
		txn.Success = append(txn.Success, etcdOp{Range: &etcdRange{[]byte(key)}})
	}
	var answer etcdAnswer
	if err := e.ask(ctx, txn, &answer); err != nil {
		return nil, err
	}
	held := make(map[string]entry)
	for _, r := range answer.Responses {
		for _, kv := range r.Range.KVs {
			key, err1 := base64.StdEncoding.DecodeString(kv.Key)
			value, err2 := base64.StdEncoding.DecodeString(kv.Value)
			version, err3 := strconv.ParseInt(kv.ModRevision, 10, 64)
			if err := errors.Join(err1, err2, err3); err != nil {
				return nil, fmt.Errorf("an entry that cannot be read: %w", err)
			}
			held[string(key)] = entry{there: true, value: string(value), version: version}
		}
	}
	return held, nil
}

// ask sends a transaction to the first member that answers. One that was given up may have been carried out: the next
// look shows it.
func (e *Etcd) ask(ctx context.Context, txn etcdTxn, answer *etcdAnswer) error {
	var errs []error
	for _, address := range e.Addresses {
		*answer = etcdAnswer{}
		header := http.Header{}
		err := e.signIn(ctx, address, header)
		if err == nil {
			err = askJSON(ctx, e.Client, http.MethodPost, address+"/v3/kv/txn", header, txn, answer)
		}
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", address, err))
		var said *httpError
		if errors.As(err, &said) && said.status < http.StatusInternalServerError || ctx.Err() != nil {
			break // another member would say the same
		}
	}
	return errors.Join(errs...)
}

// signIn puts a token into the header.
func (e *Etcd) signIn(ctx context.Context, address string, header http.Header) error {
	if e.User == "" {
		return nil
	}
	var granted struct{ Token string }
	body := map[string]string{"name": e.User, "password": e.Password}
	if err := askJSON(ctx, e.Client, http.MethodPost, address+"/v3/auth/authenticate", nil, body, &granted); err != nil {
		return fmt.Errorf("sign in as %s (EtcdUser): %w", e.User, err)
	}
	header.Set("Authorization", granted.Token)
	return nil
}
