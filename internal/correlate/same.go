package correlate

import "fmt"

// Mismatch is the first difference between two rows of transactions that ought to be the same. A is of the log that is
// being placed, B of the one in which its place is sought.
type Mismatch struct {
	A, B Transaction
	what string
}

// Error names both events.
func (m *Mismatch) Error() string { return m.what }

// Compare says how two transactions differ; nil when they are the same as far as can be told.
func Compare(a, b *Transaction) *Mismatch {
	differ := func(format string, args ...any) *Mismatch {
		return &Mismatch{A: *a, B: *b, what: fmt.Sprintf(format, args...)}
	}
	if a.GTID != "" && b.GTID != "" {
		if a.GTID == b.GTID {
			return nil
		}
		return differ("%s is not %s", a, b)
	}
	for n := range max(len(a.items), len(b.items)) {
		switch {
		case n >= len(a.items):
			return differ("%s in the transaction at %s has no counterpart in %s", &b.items[n], b.Begin, a)
		case n >= len(b.items):
			return differ("%s in the transaction at %s has no counterpart in %s", &a.items[n], a.Begin, b)
		}
		x, y := &a.items[n], &b.items[n]
		if x.kind != y.kind || x.text != y.text || x.server != y.server {
			return differ("%s in the transaction at %s is not %s in the transaction at %s", x, a.Begin, y, b.Begin)
		}
		if p, q, known := payloads(a, b, x, y); known && p != q {
			return differ("%s in the transaction at %s has %d bytes, and in the one at %s it has %d", x, a.Begin, p, b.Begin, q)
		}
	}
	return nil
}

// payloads are the lengths of the same change in both logs, without checksums. They can be compared only where both
// lengths are known and both logs spread the rows over as many events.
func payloads(a, b *Transaction, x, y *item) (p, q int64, known bool) {
	if x.events != y.events || x.bytes == 0 || y.bytes == 0 || a.checksum < 0 || b.checksum < 0 {
		return 0, 0, false
	}
	return x.bytes - a.checksum*int64(x.events), y.bytes - b.checksum*int64(y.events), true
}
