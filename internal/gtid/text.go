package gtid

// The text forms below let values stand in JSON documents and structured log
// lines as their canonical strings. They read what the Parse functions read.

// MarshalText returns the bytes of String.
func (u UUID) MarshalText() ([]byte, error) { return u.append(nil), nil }

// UnmarshalText reads what ParseUUID reads.
func (u *UUID) UnmarshalText(text []byte) error { return unmarshal(u, text, ParseUUID) }

// MarshalText returns the bytes of String.
func (g GTID) MarshalText() ([]byte, error) { return g.append(nil), nil }

// UnmarshalText reads what ParseGTID reads.
func (g *GTID) UnmarshalText(text []byte) error { return unmarshal(g, text, ParseGTID) }

// MarshalText returns the bytes of String.
func (s Set) MarshalText() ([]byte, error) { return s.format(nil, ","), nil }

// UnmarshalText reads what Parse reads.
func (s *Set) UnmarshalText(text []byte) error { return unmarshal(s, text, Parse) }

// MarshalText returns the bytes of String.
func (g MariaGTID) MarshalText() ([]byte, error) { return g.append(nil), nil }

// UnmarshalText reads what ParseMariaGTID reads.
func (g *MariaGTID) UnmarshalText(text []byte) error { return unmarshal(g, text, ParseMariaGTID) }

// MarshalText returns the bytes of String.
func (p MariaPos) MarshalText() ([]byte, error) { return appendMariaList(nil, p.gtids), nil }

// UnmarshalText reads what ParseMariaPos reads.
func (p *MariaPos) UnmarshalText(text []byte) error { return unmarshal(p, text, ParseMariaPos) }

// MarshalText returns the bytes of String.
func (s MariaState) MarshalText() ([]byte, error) { return appendMariaList(nil, s.gtids), nil }

// UnmarshalText reads what ParseMariaState reads.
func (s *MariaState) UnmarshalText(text []byte) error { return unmarshal(s, text, ParseMariaState) }

func unmarshal[T any](to *T, text []byte, parse func(string) (T, error)) error {
	value, err := parse(string(text))
	if err != nil {
		return err
	}
	*to = value
	return nil
}
