package wire

import (
	"database/sql/driver"
	"fmt"
	"strconv"
	"time"
)

// Result is the answer to one statement: rows if it has Columns, otherwise a
// plain OK with the counts. The server end only reads a Result; a handler may
// keep one and return it many times, from many goroutines.
type Result struct {
	Columns []string
	// Types gives each column's type; it may be shorter than Columns or nil. A
	// column without one is typed by its values: integers, floats and times
	// if all its values that are not NULL agree, text otherwise.
	Types []ColumnType
	// Rows holds one value per column. A value is nil (NULL), a string, a
	// []byte, a bool, any integer or float, a time.Time or a driver.Valuer
	// that gives one of these. Anything else is an error to the client.
	Rows [][]any
	// Short lets rows lack their last values, which is wrong; there are servers
	// that send such.
	Short bool

	// AffectedRows, LastInsertID and Info are sent only without Columns.
	AffectedRows uint64
	LastInsertID uint64
	Info         string

	Warnings uint16
}

// ColumnType is the protocol's number for the type of a column. The zero value
// means: see the values.
type ColumnType byte

// Column types.
const (
	TypeAuto      ColumnType = 0x00
	TypeLong      ColumnType = 0x03
	TypeDouble    ColumnType = 0x05
	TypeTimestamp ColumnType = 0x07
	TypeLongLong  ColumnType = 0x08
	TypeDateTime  ColumnType = 0x0c
	TypeBlob      ColumnType = 0xfc
	TypeVarString ColumnType = 0xfd
)

const (
	flagUnsigned uint16 = 0x0020
	flagBinary   uint16 = 0x0080
)

// decimalsNotFixed in a column definition means as many digits as there are.
const decimalsNotFixed = 0x1f

// column is what a column definition says beyond the name.
type column struct {
	typ   ColumnType
	flags uint16
}

// column gives the type of column i.
func (r *Result) column(i int) column {
	if i < len(r.Types) && r.Types[i] != TypeAuto {
		c := column{typ: r.Types[i]}
		if c.typ == TypeBlob {
			c.flags = flagBinary
		}
		return c
	}
	var c column
	for _, row := range r.Rows {
		if i >= len(row) || row[i] == nil {
			continue
		}
		v := typeOf(row[i])
		if c.typ != TypeAuto && v != c {
			return column{typ: TypeVarString}
		}
		c = v
	}
	if c.typ == TypeAuto {
		c.typ = TypeVarString
	}
	return c
}

func typeOf(v any) column {
	switch v.(type) {
	case int, int8, int16, int32, int64, bool:
		return column{typ: TypeLongLong}
	case uint, uint8, uint16, uint32, uint64:
		return column{typ: TypeLongLong, flags: flagUnsigned}
	case float32, float64:
		return column{typ: TypeDouble}
	case time.Time:
		return column{typ: TypeDateTime}
	}
	return column{typ: TypeVarString}
}

// appendDefinition appends the payload of a column definition.
func (c column) appendDefinition(dst []byte, name string) []byte {
	dst = appendLenencString(dst, "def")
	dst = append(dst, 0, 0, 0) // schema, table, original table: none
	dst = appendLenencString(dst, name)
	dst = append(dst, 0)    // original name: none
	dst = append(dst, 0x0c) // length of what follows
	charset, length, decimals := byte(charsetBinary), uint32(20), byte(0)
	switch c.typ {
	case TypeVarString:
		charset, length, decimals = charsetUTF8MB4, 1<<16-1, decimalsNotFixed
	case TypeBlob:
		length, decimals = 1<<24-1, decimalsNotFixed
	case TypeDouble:
		length, decimals = 22, decimalsNotFixed
	case TypeDateTime, TypeTimestamp:
		length, decimals = 26, 6
	}
	dst = append(dst, charset, 0)
	dst = append(dst, byte(length), byte(length>>8), byte(length>>16), byte(length>>24))
	return append(dst, byte(c.typ), byte(c.flags), byte(c.flags>>8), decimals, 0, 0)
}

// appendRow appends the payload of a text row.
func (r *Result) appendRow(dst []byte, row []any) ([]byte, error) {
	if len(row) != len(r.Columns) && (!r.Short || len(row) > len(r.Columns)) {
		return dst, fmt.Errorf("row of %d values for %d columns", len(row), len(r.Columns))
	}
	for i, v := range row {
		var err error
		if dst, err = appendValue(dst, v); err != nil {
			return dst, fmt.Errorf("column %s: %w", r.Columns[i], err)
		}
	}
	return dst, nil
}

// appendValue appends v as a text row has it.
func appendValue(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, nullValue), nil
	case string:
		return appendLenencString(dst, v), nil
	case []byte:
		if v == nil {
			return append(dst, nullValue), nil
		}
		return appendLenencString(dst, v), nil
	case driver.Valuer:
		plain, err := v.Value()
		if err != nil {
			return dst, err
		}
		if _, again := plain.(driver.Valuer); again {
			return dst, fmt.Errorf("%T gives another driver.Valuer", v)
		}
		return appendValue(dst, plain)
	}
	var text [64]byte
	short, ok := appendShort(text[:0], v)
	if !ok {
		return dst, fmt.Errorf("value of unsupported type %T", v)
	}
	return appendLenencString(dst, short), nil
}

// appendShort appends the text of a number or a time.
func appendShort(dst []byte, v any) ([]byte, bool) {
	switch v := v.(type) {
	case int:
		return strconv.AppendInt(dst, int64(v), 10), true
	case int64:
		return strconv.AppendInt(dst, v, 10), true
	case int32:
		return strconv.AppendInt(dst, int64(v), 10), true
	case int16:
		return strconv.AppendInt(dst, int64(v), 10), true
	case int8:
		return strconv.AppendInt(dst, int64(v), 10), true
	case uint:
		return strconv.AppendUint(dst, uint64(v), 10), true
	case uint64:
		return strconv.AppendUint(dst, v, 10), true
	case uint32:
		return strconv.AppendUint(dst, uint64(v), 10), true
	case uint16:
		return strconv.AppendUint(dst, uint64(v), 10), true
	case uint8:
		return strconv.AppendUint(dst, uint64(v), 10), true
	case float64:
		return strconv.AppendFloat(dst, v, 'g', -1, 64), true
	case float32:
		return strconv.AppendFloat(dst, float64(v), 'g', -1, 32), true
	case bool:
		if v {
			return append(dst, '1'), true
		}
		return append(dst, '0'), true
	case time.Time:
		return v.AppendFormat(dst, "2006-01-02 15:04:05.999999"), true
	}
	return dst, false
}
