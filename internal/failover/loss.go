package failover

import (
	"fmt"
)

// LossLimit is how much an automatic failover may lose at most. The zero LossLimit allows everything.
type LossLimit struct {
	Transactions Limit // FailoverMaxLossTransactions
	Seconds      Limit // FailoverMaxLossSeconds
}

// Limit is a number that must not be exceeded, where it is set.
type Limit struct {
	N   uint64
	Set bool
}

// limitOf is the limit of a configuration key: a negative one is none.
func limitOf(n int) Limit {
	if n < 0 {
		return Limit{}
	}
	return Limit{N: uint64(n), Set: true}
}

// The keys of the limits, as they are named where they hold something back.
const (
	transactionsKey = "FailoverMaxLossTransactions"
	secondsKey      = "FailoverMaxLossSeconds"
)

// Exceeded says why a failover with this risk must not happen by itself, and the key that decides; both are empty where
// it may. What is not known does not count as little: where it is limited, it must be known.
func (l LossLimit) Exceeded(r Risk) (key, reason string) {
	switch {
	case r.nothing():
		return "", ""
	case l.Transactions.Set && !r.Known:
		return transactionsKey, fmt.Sprintf("how many transactions would be lost is not known, and %s allows %d", transactionsKey, l.Transactions.N)
	case l.Transactions.Set && r.Transactions > l.Transactions.N:
		return transactionsKey, fmt.Sprintf("%d transactions would be lost, and %s allows %d", r.Transactions, transactionsKey, l.Transactions.N)
	case l.Seconds.Set && !r.Seconds.Known:
		return secondsKey, fmt.Sprintf("of how many seconds transactions would be lost is not known, and %s allows %d", secondsKey, l.Seconds.N)
	case l.Seconds.Set && uint64(max(r.Seconds.N, 0)) > l.Seconds.N:
		return secondsKey, fmt.Sprintf("transactions of up to %d s would be lost, and %s allows %d", r.Seconds.N, secondsKey, l.Seconds.N)
	}
	return "", ""
}

// nothing says whether everything that the primary was seen to hold is known to be there.
func (r Risk) nothing() bool { return r.Known && r.Transactions == 0 || r.Bytes == 0 }

// String says what is at risk in a few words.
func (r Risk) String() string {
	text := "not known"
	switch {
	case r.nothing():
		text = "nothing that is known of"
	case r.Known:
		text = fmt.Sprintf("%d transactions", r.Transactions)
	case r.Bytes > 0:
		text = fmt.Sprintf("%d bytes of its binary log", r.Bytes)
	}
	if r.Seconds.Known && !r.nothing() {
		text += fmt.Sprintf(" of up to %d s", r.Seconds.N)
	}
	return text + " (" + r.Basis + ")"
}
