package sim

import "time"

// mix turns any number into one that looks like chance (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// dice are a stream of chance that depends on nothing but its seed.
type dice struct{ state uint64 }

func (d *dice) next() uint64 {
	d.state++
	return mix(d.state * 0x9e3779b97f4a7c15)
}

// n is a number from 0 to below, not included.
func (d *dice) n(below int) int { return int(d.next() % uint64(below)) }

// chance is true in percent of a hundred cases.
func (d *dice) chance(percent int) bool { return d.n(100) < percent }

// between is a duration from a up to b.
func (d *dice) between(a, b time.Duration) time.Duration {
	if b <= a {
		return a
	}
	return a + time.Duration(d.next()%uint64(b-a))
}

// pick is one of several.
func pick[T any](d *dice, of ...T) T { return of[d.n(len(of))] }

// hash mixes several numbers into one.
func hash(xs ...uint64) uint64 {
	h := uint64(0x5851f42d4c957f2d)
	for _, x := range xs {
		h = mix(h ^ x)
	}
	return h
}
