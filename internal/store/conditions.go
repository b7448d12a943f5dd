package store

import "strings"

// conditions collects the terms of a WHERE clause.
type conditions struct {
	terms []string
	args  []any
}

func (c *conditions) add(apply bool, term string, args ...any) {
	if apply {
		c.terms = append(c.terms, "("+term+")")
		c.args = append(c.args, args...)
	}
}

func (c *conditions) where() string {
	if len(c.terms) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(c.terms, " AND ")
}
