package gtid

// String returns the set in MySQL's canonical form on one line: UUIDs
// ascending and in lower case, the untagged intervals before the tags, tags
// ascending, intervals joined, "," between UUIDs. Statements and
// @@gtid_purged take it as it is. The empty set is "".
func (s Set) String() string { return string(s.format(nil, ",")) }

// Lines returns what String does with a newline after each comma: byte for byte
// what servers print for @@gtid_executed and GTID_SUBTRACT.
func (s Set) Lines() string { return string(s.format(nil, ",\n")) }

func (s Set) format(to []byte, separator string) []byte {
	for i, e := range s.entries {
		switch {
		case i == 0:
			to = e.tsid.append(to)
		case s.entries[i-1].tsid.UUID != e.tsid.UUID:
			to = append(to, separator...)
			to = e.tsid.append(to)
		default: // another tag of the same UUID, which is not repeated
			to = append(to, ':')
			to = append(to, e.tsid.Tag...)
		}
		for _, iv := range e.ivs {
			to = append(to, ':')
			to = iv.append(to)
		}
	}
	return to
}
