package store

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// timeLayout is the text form of a time in both dialects, always UTC.
const timeLayout = "2006-01-02 15:04:05"

// neverText stands for "no time" in columns that may not be NULL.
const neverText = "1971-01-01 00:00:00"

// never is the first moment that is a real time. The marker may have been written in a session of another time zone.
var never = time.Date(1971, 1, 2, 0, 0, 0, 0, time.UTC)

// stamp is the parameter for a time column that may not be NULL.
func stamp(t time.Time) string {
	if t.Before(never) {
		return neverText
	}
	return t.UTC().Format(timeLayout)
}

// stampOrNull is the parameter for a time column that may be NULL.
func stampOrNull(t time.Time) any {
	if t.Before(never) {
		return nil
	}
	return t.UTC().Format(timeLayout)
}

// flag is the parameter for a boolean column.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// secondsOrNull is the parameter for a number of seconds that may be unknown.
func secondsOrNull(s topology.Seconds) any {
	if !s.Known {
		return nil
	}
	return s.N
}

// value is one column of a row as the driver gave it, with readings that accept what any program may have written.
type value struct{ raw any }

// Scan takes whatever the driver has; it never fails.
func (v *value) Scan(src any) error {
	if b, ok := src.([]byte); ok {
		src = string(bytes.Clone(b))
	}
	v.raw = src
	return nil
}

func (v value) isNull() bool { return v.raw == nil }

func (v value) text() string {
	switch x := v.raw.(type) {
	case string:
		return x
	case int64:
		return strconv.FormatInt(x, 10)
	case uint64:
		return strconv.FormatUint(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'g', -1, 64)
	case bool:
		return strconv.FormatInt(flag(x), 10)
	case time.Time:
		return x.UTC().Format(timeLayout)
	}
	return ""
}

func (v value) int() int64 {
	switch x := v.raw.(type) {
	case int64:
		return x
	case uint64:
		return int64(x)
	case float64:
		return int64(x)
	case bool:
		return flag(x)
	case string:
		text := strings.TrimSpace(x)
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			return int64(n)
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return 0 // not a number: the neutral value, as the original reads it
		}
		return int64(f)
	}
	return 0
}

func (v value) bool() bool { return v.int() != 0 }

func (v value) seconds() topology.Seconds {
	if v.isNull() {
		return topology.Seconds{}
	}
	return topology.KnownSeconds(v.int())
}

// time is zero for NULL, empty text, the "no time" marker, and text that is no time.
func (v value) time() time.Time {
	var t time.Time
	switch x := v.raw.(type) {
	case time.Time:
		t = x.UTC()
	case int64:
		t = time.Unix(x, 0).UTC()
	case string:
		t = parseTime(x)
	}
	if t.Before(never) {
		return time.Time{}
	}
	return t
}

var timeLayouts = []string{
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999",
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04",
	"2006-01-02",
	"2006-01-02 15:04:05.999999999 -0700 MST",
}

func parseTime(text string) time.Time {
	text = strings.TrimSpace(text)
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
