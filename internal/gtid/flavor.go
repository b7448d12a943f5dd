package gtid

import "strings"

// LooksMariaDB tells whether a text is a list of MariaDB's GTIDs rather than a
// set of MySQL's, judged by its first element. An empty text, which is good in both
// vendors' eyes, is not.
func LooksMariaDB(text string) bool {
	first, _, _ := strings.Cut(text, ",")
	_, err := ParseMariaGTID(first)
	return err == nil
}
