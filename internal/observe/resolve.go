package observe

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/topology"
)

// failedResolve is how long a look-up that failed is not tried again.
const failedResolve = time.Minute

// resolver turns host names as people, servers and replicas write them into canonical ones, and remembers the
// answers. It is safe for concurrent use; look-ups run at most resolveConcurrency at a time.
type resolver struct {
	dns    Resolver
	config func() *config.Config
	now    func() time.Time
	slots  chan struct{}

	mu      sync.Mutex
	known   map[string]resolution
	address map[string]addresses
}

type resolution struct {
	name    string
	err     error
	own     bool // the server itself said so; this goes before what the resolver would say
	expires time.Time
}

type addresses struct {
	v4, v6  string
	expires time.Time
}

func newResolver(dns Resolver, c func() *config.Config, now func() time.Time) *resolver {
	return &resolver{
		dns: dns, config: c, now: now,
		slots:   make(chan struct{}, resolveConcurrency),
		known:   make(map[string]resolution),
		address: make(map[string]addresses),
	}
}

// key resolves the host of a key. Keys that cannot be the address of a server are returned as they are.
func (r *resolver) key(ctx context.Context, k topology.Key) (topology.Key, error) {
	if !k.IsValid() {
		return k, nil
	}
	host, err := r.host(ctx, k.Hostname)
	if err != nil {
		return k, err
	}
	return topology.Key{Hostname: host, Port: k.Port}, nil
}

// host resolves a host name. With an error it returns the name as it was.
func (r *resolver) host(ctx context.Context, host string) (string, error) {
	host = strings.TrimSpace(host)
	if host == "" || strings.ContainsRune(host, ',') {
		return host, fmt.Errorf("resolve host name %q: not a host name", host)
	}
	if strings.HasPrefix(host, topology.DetachedPrefix) {
		return host, nil
	}
	if k, ok := r.cached(host); ok {
		return k.name, k.err
	}
	c := r.config()
	if c.HostnameResolveMethod != "cname" && c.HostnameResolveMethod != "ip" {
		return host, nil
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return host, fmt.Errorf("resolve host name %q: %w", host, context.Cause(ctx))
	}
	name, err := r.lookUp(ctx, c.HostnameResolveMethod, host)
	switch {
	case err != nil && ctx.Err() != nil:
		return host, err
	case err != nil:
		r.remember(host, resolution{name: host, err: err, expires: r.now().Add(failedResolve)})
		return host, err
	case c.RejectsResolvedName(name):
		return host, nil
	}
	r.remember(host, resolution{name: name, expires: r.expiry()})
	return name, nil
}

func (r *resolver) lookUp(ctx context.Context, method, host string) (string, error) {
	if method == "cname" {
		name, err := r.dns.LookupCNAME(ctx, host)
		if err != nil {
			return host, fmt.Errorf("resolve host name %q: %w", host, err)
		}
		return strings.TrimSuffix(name, "."), nil
	}
	ips, err := r.dns.LookupIPAddr(ctx, host)
	if err == nil && len(ips) == 0 {
		err = fmt.Errorf("no addresses")
	}
	if err != nil {
		return host, fmt.Errorf("resolve host name %q: %w", host, err)
	}
	for _, ip := range ips {
		if ip.IP.To4() != nil {
			return ip.IP.String(), nil
		}
	}
	return ips[0].String(), nil
}

// own records the name that the server reached as host gives itself, unless the configuration rejects it. It returns
// the name to use from now on.
func (r *resolver) own(host, name string) string {
	if name == "" || name == host || r.config().RejectsResolvedName(name) {
		return host
	}
	expires := r.expiry()
	r.remember(host, resolution{name: name, own: true, expires: expires})
	r.remember(name, resolution{name: name, own: true, expires: expires})
	return name
}

func (r *resolver) cached(host string) (resolution, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.known[host]
	return k, ok && k.expires.After(r.now())
}

func (r *resolver) remember(host string, k resolution) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[host] = k
}

// load takes over what was stored by an earlier process.
func (r *resolver) load(resolved map[string]string) {
	expires := r.expiry()
	r.mu.Lock()
	defer r.mu.Unlock()
	for host, name := range resolved {
		r.known[host] = resolution{name: name, expires: expires}
	}
}

// forget drops all that is remembered, and says how many names that were.
func (r *resolver) forget() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.known)
	clear(r.known)
	clear(r.address)
	return n
}

// all returns the names that are remembered and have an answer.
func (r *resolver) all() map[string]string {
	names := make(map[string]string)
	for host, n := range r.remembered() {
		names[host] = n.Name
	}
	return names
}

// remembered returns the same with the time until which each is remembered.
func (r *resolver) remembered() map[string]CachedName {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make(map[string]CachedName, len(r.known))
	for host, k := range r.known {
		if k.err == nil && k.expires.After(now) {
			names[host] = CachedName{k.name, k.expires}
		}
	}
	return names
}

// expire drops what is remembered for too long.
func (r *resolver) expire() {
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	for host, k := range r.known {
		if !k.expires.After(now) {
			delete(r.known, host)
		}
	}
	for host, a := range r.address {
		if !a.expires.After(now) {
			delete(r.address, host)
		}
	}
}

func (r *resolver) expiry() time.Time { return r.now().Add(nameExpiry(r.config())) }

// nameExpiry is how long names stay known that are not said again.
func nameExpiry(c *config.Config) time.Duration { return max(c.ExpiryHostnameResolves(), time.Minute) }

// addressExpiry is how long the addresses of a host are remembered.
const addressExpiry = 10 * time.Minute

// addresses returns the first IPv4 and IPv6 address of a host, each "" when it has none.
func (r *resolver) addresses(ctx context.Context, host string) (v4, v6 string, err error) {
	r.mu.Lock()
	a, ok := r.address[host]
	r.mu.Unlock()
	if ok && a.expires.After(r.now()) {
		return a.v4, a.v6, nil
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return "", "", fmt.Errorf("addresses of %q: %w", host, context.Cause(ctx))
	}
	ips, err := r.dns.LookupIPAddr(ctx, host)
	if err != nil {
		return "", "", fmt.Errorf("addresses of %q: %w", host, err)
	}
	a = addressesOf(ips)
	a.expires = r.now().Add(addressExpiry)
	r.mu.Lock()
	r.address[host] = a
	r.mu.Unlock()
	return a.v4, a.v6, nil
}

func addressesOf(ips []net.IPAddr) addresses {
	var a addresses
	for _, ip := range ips {
		switch {
		case ip.IP.To4() != nil && a.v4 == "":
			a.v4 = ip.IP.String()
		case ip.IP.To4() == nil && a.v6 == "":
			a.v6 = ip.String()
		}
	}
	return a
}
