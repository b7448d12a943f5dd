package server

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"orchestrator/internal/topology"
)

// Version is the number of a server's version, compared part by part.
type Version struct{ Major, Minor, Patch int }

// ParseVersion reads the leading numbers of a version text such as `8.0.41-32-log`; parts that are missing are 0.
func ParseVersion(text string) Version {
	// Replicas of old clients saw MariaDB 10 and later as 5.5.5-10.x.
	if rest, ok := strings.CutPrefix(text, "5.5.5-"); ok {
		text = rest
	}
	if i := strings.IndexAny(text, "-+ ~"); i >= 0 {
		text = text[:i]
	}
	var n [3]int
	for i, part := range strings.SplitN(text, ".", 4) {
		if i == len(n) {
			break
		}
		v, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		n[i] = v
	}
	return Version{n[0], n[1], n[2]}
}

// Compare orders versions numerically.
func (v Version) Compare(o Version) int {
	return cmp.Or(cmp.Compare(v.Major, o.Major), cmp.Compare(v.Minor, o.Minor), cmp.Compare(v.Patch, o.Patch))
}

// AtLeast says whether v is major.minor.patch or newer.
func (v Version) AtLeast(major, minor, patch int) bool {
	return v.Compare(Version{major, minor, patch}) >= 0
}

// String prints `major.minor.patch`.
func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// Dialect is how a server wants to be spoken to: its family and the number of its version. It is a small value that
// can be compared. Its methods build statements; they do not send them.
type Dialect struct {
	Flavor  topology.Flavor
	Version Version
	NDB     bool // an SQL node of an NDB cluster
	// Several says that the server was last seen to replicate on several channels. On MySQL a statement that names none is
	// then about all of them, or an error.
	Several bool
}

// DialectOf finds the dialect from @@version and @@version_comment.
func DialectOf(version, comment string) Dialect {
	d := Dialect{Flavor: topology.FlavorMySQL, Version: ParseVersion(version)}
	lower := strings.ToLower(version)
	switch {
	case strings.Contains(lower, "maxscale"):
		d.Flavor = topology.FlavorMaxScale
	case strings.Contains(lower, "mariadb"):
		d.Flavor = topology.FlavorMariaDB
	case strings.Contains(comment, "Percona"):
		d.Flavor = topology.FlavorPercona
	}
	d.NDB = strings.Contains(lower, "-ndb-")
	return d
}

// mysql says whether the server is MySQL or Percona Server of at least that version.
func (d Dialect) mysql(major, minor, patch int) bool {
	return (d.Flavor == topology.FlavorMySQL || d.Flavor == topology.FlavorPercona) && d.Version.AtLeast(major, minor, patch)
}

func (d Dialect) isMariaDB() bool  { return d.Flavor == topology.FlavorMariaDB }
func (d Dialect) isMaxScale() bool { return d.Flavor == topology.FlavorMaxScale }

// HasChannels says whether replication channels can be named.
func (d Dialect) HasChannels() bool { return d.mysql(5, 7, 6) || d.isMariaDB() }

// HasSuperReadOnly says whether the server knows super_read_only.
func (d Dialect) HasSuperReadOnly() bool { return d.mysql(5, 7, 8) }
