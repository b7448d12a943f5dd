package publish

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

// ZooKeeper is a ZooKeeper ensemble. The nodes of a cluster are written in one transaction, which checks that the
// revision is still the one that was read. Nodes are made with their parents, open to everybody.
type ZooKeeper struct {
	Servers []string // host:port
}

// ZooKeeperServers reads a list of `host[:port]`, comma separated.
func ZooKeeperServers(list string) []string {
	var all []string
	for s := range strings.SplitSeq(list, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if strings.LastIndex(s, ":") <= strings.LastIndex(s, "]") {
			s += ":" + strconv.Itoa(zk.DefaultPort)
		}
		all = append(all, s)
	}
	return all
}

// Name implements KV.
func (z *ZooKeeper) Name() string { return "zookeeper " + strings.Join(z.Servers, ",") }

// zkSession is for how long the servers keep a session whose end they did not see. Each Put has one of its own: they
// are rare.
const zkSession = 10 * time.Second

type silent struct{}

func (silent) Printf(string, ...any) {}

// Put implements KV.
func (z *ZooKeeper) Put(ctx context.Context, p Primary) (o Outcome, err error) {
	err = z.session(ctx, "write", p, func(conn *zk.Conn) error {
		o, err = raced(func() (Outcome, error) { return z.put(conn, p) })
		return err
	})
	if err != nil {
		o = Unknown
	}
	return o, err
}

// Look implements KV.
func (z *ZooKeeper) Look(ctx context.Context, p Primary) (sights []Sight, err error) {
	err = z.session(ctx, "read", p, func(conn *zk.Conn) error {
		held, err := z.read(conn, p)
		if err == nil {
			sights, err = p.seenIn(held)
		}
		return err
	})
	return sights, err
}

// session does something on a connection of its own; what names it in messages.
func (z *ZooKeeper) session(ctx context.Context, what string, p Primary, do func(*zk.Conn) error) (err error) {
	if err := p.check(); err != nil {
		return err
	}
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			err = fmt.Errorf("%s the primary of %s, in ZooKeeper at %s: %w", what, p.Alias, strings.Join(z.Servers, ","), err)
		}
	}()
	dial := func(network, address string, timeout time.Duration) (net.Conn, error) {
		return (&net.Dialer{Timeout: timeout}).DialContext(ctx, network, address)
	}
	conn, events, err := zk.Connect(z.Servers, zkSession, zk.WithLogger(silent{}), zk.WithLogInfo(false), zk.WithDialer(dial))
	if err != nil {
		return err
	}
	// The library has no contexts: a closed connection ends what waits on it.
	stop := context.AfterFunc(ctx, conn.Close)
	defer func() {
		stop()
		conn.Close()
		for range events { //nolint:revive // it is closed when the connection's goroutines have ended
		}
	}()
	return do(conn)
}

// node is the path of a key.
func node(key string) string { return "/" + strings.Trim(key, "/") }

// read returns what the ensemble holds of a cluster.
func (z *ZooKeeper) read(conn *zk.Conn, p Primary) (map[string]entry, error) {
	held := make(map[string]entry)
	for _, key := range p.keys() {
		value, stat, err := conn.Get(node(key))
		if errors.Is(err, zk.ErrNoNode) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", node(key), err)
		}
		held[key] = entry{there: true, value: string(value), version: int64(stat.Version)}
	}
	return held, nil
}

func (z *ZooKeeper) put(conn *zk.Conn, p Primary) (Outcome, error) {
	held, err := z.read(conn, p)
	if err != nil {
		return Unknown, err
	}
	change, outcome, err := p.changes(held)
	if err != nil || outcome != Written {
		return outcome, err
	}
	open := zk.WorldACL(zk.PermAll)
	base := node(p.Pairs[0].Key)
	if err := parents(conn, base, open); err != nil {
		return Unknown, err
	}
	write := func(key, value string, version int32) any {
		if held[key].there {
			return &zk.SetDataRequest{Path: node(key), Data: []byte(value), Version: version}
		}
		return &zk.CreateRequest{Path: node(key), Data: []byte(value), Acl: open}
	}
	var operations []any
	if !held[p.Pairs[0].Key].there { // before what lies below it
		operations = append(operations, write(p.Pairs[0].Key, p.Pairs[0].Value, -1))
	}
	// The revision is written even where it stays the same, so that of two who write at once one notices the other.
	operations = append(operations, write(p.revisionKey(), strconv.FormatInt(p.Revision, 10), int32(change.revision.version)))
	for _, pair := range change.set {
		if pair.Key != p.revisionKey() && (pair.Key != p.Pairs[0].Key || held[pair.Key].there) {
			operations = append(operations, write(pair.Key, pair.Value, -1))
		}
	}
	for _, key := range change.remove {
		operations = append(operations, &zk.DeleteRequest{Path: node(key), Version: -1})
	}
	answers, err := conn.Multi(operations...)
	for _, a := range answers {
		if errors.Is(a.Error, zk.ErrBadVersion) || errors.Is(a.Error, zk.ErrNodeExists) || errors.Is(a.Error, zk.ErrNoNode) {
			return Unknown, errRaced
		}
	}
	switch {
	case errors.Is(err, zk.ErrBadVersion) || errors.Is(err, zk.ErrNodeExists) || errors.Is(err, zk.ErrNoNode):
		return Unknown, errRaced
	case err != nil:
		return Unknown, err
	}
	return Written, nil
}

// parents makes the nodes above a path.
func parents(conn *zk.Conn, path string, acl []zk.ACL) error {
	for n, c := range path {
		if c != '/' || n == 0 {
			continue
		}
		if _, err := conn.Create(path[:n], nil, 0, acl); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return fmt.Errorf("make %s: %w", path[:n], err)
		}
	}
	return nil
}
