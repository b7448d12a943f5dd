package recovery

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"orchestrator/internal/failover"
	"orchestrator/internal/topology"
)

// SavedTransactions is a file of SQL with what only a former primary holds.
type SavedTransactions struct {
	File         string // its path, on Node
	Node         string
	At           time.Time
	Server       topology.Key // who holds them
	Primary      topology.Key // who lacks them
	Extra        string       // which they are; of MariaDB the newest of each domain
	Transactions int          // how many are in the file
	Gaps         []string     // what is not in the file, one sentence each; empty when nothing is missing
}

// Complete says that the file holds all of them.
func (s *SavedTransactions) Complete() bool { return len(s.Gaps) == 0 }

// String says in words what is where.
func (s *SavedTransactions) String() string {
	text := fmt.Sprintf("%d of its transactions are saved as SQL on %s in %s", s.Transactions, s.Node, s.File)
	if !s.Complete() {
		text += ", which is NOT complete: " + strings.Join(s.Gaps, "; ")
	}
	return text
}

// The lines of a file by which it is known again.
const (
	lineServer   = "server: "
	linePrimary  = "primary: "
	lineNode     = "node: "
	lineAt       = "time: "
	lineExtra    = "extra: "
	lineGap      = "gap: "
	lineEnd      = "end: transactions "
	endOfScript  = "DELIMITER ;"
	fileSuffix   = ".sql"
	unfinished   = ".partial"
	footerWithin = 64 << 10 // bytes at the end in which the footer is looked for
)

func (s *SavedTransactions) header() string {
	return fmt.Sprintf(`Transactions that %s holds and %s lacks: %s

Read this before replaying any of it. Where the same rows were changed on the new primary since, an old change may
overwrite a newer one. The transactions get new GTIDs where they are replayed, so the former primary
remains one that cannot be taken back: rebuild it afterwards.
    mysql   --binary-mode --host=NEW-PRIMARY < FILE      (needs BINLOG_ADMIN)
    mariadb --binary-mode --host=NEW-PRIMARY < FILE      (needs BINLOG REPLAY)
What the rows hold is shown by mysqlbinlog -vv or mariadb-binlog -vv of the binary logs that are named below.

%s%s
%s%s
%s%s
%s%s
%s%s
`, s.Server, s.Primary, s.Extra, lineServer, s.Server, linePrimary, s.Primary, lineNode, s.Node, lineAt, s.At.UTC().Format(time.RFC3339), lineExtra, s.Extra)
}

func (s *SavedTransactions) footer() string {
	var b strings.Builder
	for _, gap := range s.Gaps {
		fmt.Fprintf(&b, "%s%s\n", lineGap, gap)
	}
	fmt.Fprintf(&b, "%s%d\n", lineEnd, s.Transactions)
	return b.String()
}

// savedName is the name of the file for a server and its extra transactions: the same for the same.
func savedName(k topology.Key, extra string) string {
	sum := sha256.Sum256([]byte(extra))
	return savedPrefix(k) + hex.EncodeToString(sum[:6]) + fileSuffix
}

func savedPrefix(k topology.Key) string {
	host := strings.Map(func(c rune) rune {
		if c == '.' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			return c
		}
		return '_'
	}, k.Hostname)
	return host + "_" + strconv.Itoa(k.Port) + "-"
}

// findSaved finds the file for a server and its extra transactions; without one, File is empty.
func findSaved(dir string, k topology.Key, extra failover.Extra) (SavedTransactions, error) {
	path := filepath.Join(dir, savedName(k, extra.String()))
	s, err := readSaved(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return SavedTransactions{}, nil
	case err != nil:
		return s, err
	case s.Server != k || s.Extra != extra.String():
		return SavedTransactions{}, fmt.Errorf("%s is about something else", path)
	}
	return s, nil
}

// FindSavedTransactions lists the files in a directory about a server, or about all for the zero Key, by name.
func FindSavedTransactions(dir string, k topology.Key) ([]SavedTransactions, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []SavedTransactions
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), fileSuffix) || !k.IsZero() && !strings.HasPrefix(e.Name(), savedPrefix(k)) {
			continue
		}
		s, err := readSaved(filepath.Join(dir, e.Name()))
		if err != nil {
			return out, err
		}
		if k.IsZero() || s.Server == k {
			out = append(out, s)
		}
	}
	return out, nil
}

// readSaved reads what a file says of itself.
func readSaved(path string) (SavedTransactions, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return SavedTransactions{}, err
	}
	f, err := os.Open(path)
	if err != nil {
		return SavedTransactions{}, err
	}
	defer f.Close()
	s := SavedTransactions{File: path}
	if err := s.readLines(f); err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = f.Seek(max(0, size-footerWithin), io.SeekStart)
	}
	if err == nil {
		err = s.readLines(f)
	}
	if err == nil && s.Server.IsZero() {
		err = errors.New("it is no file of extra transactions")
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// readLines takes what the comments say, until the first statement or the end.
func (s *SavedTransactions) readLines(from io.Reader) (err error) {
	s.Gaps = nil
	lines := bufio.NewReaderSize(from, footerWithin)
	for range 1000 {
		line, readErr := lines.ReadString('\n')
		if readErr != nil && readErr != io.EOF {
			return readErr
		}
		text := strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "# ")
		if text == endOfScript {
			s.Gaps, s.Transactions = nil, 0 // only what follows is ours
		}
		take := func(prefix string, into func(string) error) {
			if rest, ok := strings.CutPrefix(text, prefix); ok && err == nil && strings.HasPrefix(line, "# ") {
				err = into(rest)
			}
		}
		key := func(k *topology.Key) func(string) error {
			return func(text string) (err error) { *k, err = topology.ParseKey(text, 0); return err }
		}
		take(lineServer, key(&s.Server))
		take(linePrimary, key(&s.Primary))
		take(lineNode, func(t string) error { s.Node = t; return nil })
		take(lineAt, func(t string) (err error) { s.At, err = time.Parse(time.RFC3339, t); return err })
		take(lineExtra, func(t string) error { s.Extra = t; return nil })
		take(lineGap, func(t string) error { s.Gaps = append(s.Gaps, t); return nil })
		take(lineEnd, func(t string) (err error) { s.Transactions, err = strconv.Atoi(t); return err })
		if err != nil || readErr == io.EOF {
			return err
		}
	}
	return nil
}

// savedFile is a file that is being written.
type savedFile struct {
	*bufio.Writer
	saved SavedTransactions
}

// saveTo writes a file so that it is there as a whole or not at all, and for nobody else to read.
func saveTo(dir string, s SavedTransactions, write func(*savedFile) error) (SavedTransactions, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return s, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return s, err
	}
	path := filepath.Join(dir, savedName(s.Server, s.Extra))
	part := path + unfinished
	// One that an earlier process left is no use, and may be open to others.
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return s, err
	}
	out := &savedFile{Writer: bufio.NewWriterSize(f, 64<<10), saved: s}
	err = write(out)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return s, errors.Join(fmt.Errorf("save the extra transactions: %w", err), os.Remove(part))
	}
	out.saved.File = path
	return out.saved, syncDir(dir)
}

// syncDir makes the name of a new file last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
