package wire

import (
	"encoding/binary"
	"fmt"
)

// responder writes a server's response packets for a client of the given
// capabilities.
type responder struct {
	*packetConn
	capabilities Capability
}

// ok writes an OK packet.
func (w responder) ok(r *Result, status uint16) {
	start := w.begin()
	w.out.b = appendOK(w.out.b, headerOK, r, status)
	w.end(start)
}

func appendOK(dst []byte, header byte, r *Result, status uint16) []byte {
	dst = append(dst, header)
	dst = appendLenencInt(dst, r.AffectedRows)
	dst = appendLenencInt(dst, r.LastInsertID)
	dst = binary.LittleEndian.AppendUint16(dst, status)
	dst = binary.LittleEndian.AppendUint16(dst, r.Warnings)
	if r.Info == "" {
		return dst
	}
	// The protocol's description says "to the end of the packet", but servers
	// write, and client libraries read, a length in front.
	return appendLenencString(dst, r.Info)
}

// eof writes a classic EOF packet.
func (w responder) eof(warnings, status uint16) {
	start := w.begin()
	w.out.b = append(w.out.b, headerEOF)
	w.out.b = binary.LittleEndian.AppendUint16(w.out.b, warnings)
	w.out.b = binary.LittleEndian.AppendUint16(w.out.b, status)
	w.end(start)
}

// err writes an ERR packet.
func (w responder) err(e *Error) {
	start := w.begin()
	w.out.b = append(w.out.b, headerERR)
	w.out.b = binary.LittleEndian.AppendUint16(w.out.b, e.Code)
	w.out.b = append(append(w.out.b, '#'), e.sqlState()...)
	w.out.b = append(w.out.b, e.Message...)
	w.end(start)
}

// results writes the answer to a query: every result and then, if err is not
// nil, the error in the place of the next one.
func (w responder) results(results []Result, err error) {
	if err == nil && len(results) == 0 {
		w.ok(&Result{}, statusAutocommit)
		return
	}
	parts := len(results)
	if err != nil {
		parts++
	}
	if parts > 1 && !w.capabilities.Has(ClientMultiResults) {
		w.err(&Error{CodeNoMultiResults, "0A000", "several results for a client that can take one"})
		return
	}
	for i := range results {
		status := statusAutocommit
		if i+1 < parts {
			status |= statusMoreResults
		}
		if err := w.result(&results[i], status); err != nil {
			w.err(toError(fmt.Errorf("encode result %d: %w", i+1, err)))
			return
		}
	}
	if err != nil {
		w.err(toError(err))
	}
}

// result writes one result. After an error the result is half written; an ERR
// packet may follow in the place of the next row.
func (w responder) result(r *Result, status uint16) error {
	if len(r.Columns) == 0 {
		w.ok(r, status)
		return nil
	}
	w.columns(r)
	if !w.capabilities.Has(ClientDeprecateEOF) {
		w.eof(r.Warnings, status)
	}
	for _, row := range r.Rows {
		if err := w.row(r, row); err != nil {
			return err
		}
	}
	if !w.capabilities.Has(ClientDeprecateEOF) {
		w.eof(r.Warnings, status)
		return nil
	}
	start := w.begin()
	w.out.b = appendOK(w.out.b, headerEOF, &Result{Warnings: r.Warnings}, status)
	w.end(start)
	return nil
}

func (w responder) columns(r *Result) {
	start := w.begin()
	w.out.b = appendLenencInt(w.out.b, uint64(len(r.Columns)))
	w.end(start)
	for i, name := range r.Columns {
		start := w.begin()
		w.out.b = r.column(i).appendDefinition(w.out.b, name)
		w.end(start)
	}
}

func (w responder) row(r *Result, row []any) error {
	start := w.begin()
	filled, err := r.appendRow(w.out.b, row)
	if err != nil {
		w.out.b = filled[:start]
		return err
	}
	w.out.b = filled
	w.end(start)
	return nil
}
