package fleet

import (
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Options describe a fleet. The zero value of a field means its default.
type Options struct {
	Servers            int // how many; default 5
	ReplicasPerPrimary int // default 4; less than 0 means none

	// ChainShare is the share of clusters in which the last replica replicates from the first one instead of from the
	// primary, 0 to 1. It needs two replicas per primary.
	ChainShare float64
	// MariaDBShare is the share of clusters that are MariaDB 10.11, 0 to 1; the others are MySQL 8.0.
	MariaDBShare float64
	// SemiSync switches semi-synchronous replication on, at both ends. The plug-ins are there anyway.
	SemiSync bool

	// Base is the address of the first server; the others count on from there, without those that end in 0 or 255.
	// Default 127.10.0.1. It must be a loopback address.
	Base netip.Addr
	// Port is where all servers listen; 0 takes one that is free.
	Port int

	// User and Password are what a manager must sign in with; an empty User lets everyone in.
	User, Password string

	// Latency is how long each answer is held back.
	Latency time.Duration
	// TransactionInterval is how often each primary commits a transaction; default 10 s.
	TransactionInterval time.Duration
	// NetTimeout is how long a replica believes in a silent source; default 10 s.
	NetTimeout time.Duration
}

func (o Options) withDefaults() (Options, error) {
	if o.Servers == 0 {
		o.Servers = 5
	}
	switch {
	case o.ReplicasPerPrimary == 0:
		o.ReplicasPerPrimary = 4
	case o.ReplicasPerPrimary < 0:
		o.ReplicasPerPrimary = 0
	}
	if !o.Base.IsValid() {
		o.Base = netip.AddrFrom4([4]byte{127, 10, 0, 1})
	}
	if o.TransactionInterval <= 0 {
		o.TransactionInterval = 10 * time.Second
	}
	if o.NetTimeout <= 0 {
		o.NetTimeout = 10 * time.Second
	}
	switch {
	case o.Servers < 0 || o.Servers > 50_000:
		return o, fmt.Errorf("a fleet of %d servers: from 1 to 50000 are possible", o.Servers)
	case !o.Base.Is4() || !o.Base.IsLoopback():
		return o, fmt.Errorf("base address %s: it must lie in 127.0.0.0/8", o.Base)
	case o.Port < 0 || o.Port > 65535:
		return o, fmt.Errorf("port %d: it must be from 0 to 65535", o.Port)
	case outside01(o.ChainShare) || outside01(o.MariaDBShare):
		return o, errors.New("shares of clusters must be from 0 to 1")
	}
	return o, nil
}

func outside01(x float64) bool { return !(x >= 0 && x <= 1) }

// addresses gives n addresses from base on.
func addresses(base netip.Addr, n int) ([]netip.Addr, error) {
	list := make([]netip.Addr, 0, n)
	for a := base; len(list) < n; a = a.Next() {
		if !a.IsLoopback() {
			return nil, fmt.Errorf("no room for %d servers from %s on", n, base)
		}
		if last := a.As4()[3]; last != 0 && last != 255 {
			list = append(list, a)
		}
	}
	return list, nil
}

// chosen says whether the i-th of a row belongs to a share of it that is spread evenly.
func chosen(i int, share float64) bool { return int(float64(i+1)*share) > int(float64(i)*share) }
