package server

import (
	"database/sql/driver"
	"math"
	"strconv"
	"strings"
	"time"
)

// The driver gives numbers of number columns and bytes of everything else; which of both a variable is depends on the
// server. These functions take either. NULL is "" and 0.

func text(v driver.Value) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []byte:
		return string(v)
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float32:
		return strconv.FormatFloat(float64(v), 'g', -1, 32)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.Format(time.DateTime)
	}
	return ""
}

// integer reads a whole number, 0 when there is none; a fraction is cut off.
func integer(v driver.Value) int64 {
	n, _ := number(v)
	return n
}

func number(v driver.Value) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case uint64:
		if v > math.MaxInt64 {
			return math.MaxInt64, true
		}
		return int64(v), true
	case float32:
		return int64(v), true
	case float64:
		return int64(v), true
	case nil:
		return 0, false
	}
	t := strings.TrimSpace(text(v))
	if n, err := strconv.ParseInt(t, 10, 64); err == nil {
		return n, true
	}
	if f, err := strconv.ParseFloat(t, 64); err == nil {
		return int64(f), true
	}
	return 0, false
}

// truth reads a switch: 1, ON and YES are on.
func truth(v driver.Value) bool {
	switch t := text(v); t {
	case "", "0":
		return false
	case "1":
		return true
	default:
		return strings.EqualFold(t, "ON") || strings.EqualFold(t, "YES")
	}
}

// readOnly reads read_only, which newer MariaDB versions know in several degrees: all but OFF refuse writes.
func readOnly(v driver.Value) bool {
	t := text(v)
	return t != "" && t != "0" && !strings.EqualFold(t, "OFF")
}

// gtidText takes the newlines out of a GTID set, which MySQL prints after each comma.
func gtidText(v driver.Value) string {
	t := text(v)
	if strings.IndexByte(t, '\n') < 0 {
		return t
	}
	return strings.ReplaceAll(t, "\n", "")
}
