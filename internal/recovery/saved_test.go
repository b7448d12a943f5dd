package recovery

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"orchestrator/internal/binlog"
	"orchestrator/internal/topology"
)

func someSaved(host string) SavedTransactions {
	return SavedTransactions{
		Node: "orc-1", At: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Server: topology.Key{Hostname: host, Port: 3306},
		Primary: topology.Key{Hostname: "db2", Port: 3307}, Extra: "0-1-105",
	}
}

// save writes a file as it is done in earnest, without transactions.
func save(dir string, s SavedTransactions, end error) (SavedTransactions, error) {
	return saveTo(dir, s, func(f *savedFile) error {
		script := binlog.NewScript(f, "binlog.000001")
		if err := script.Begin(f.saved.header()); err != nil {
			return err
		}
		if _, err := f.WriteString("CREATE PROCEDURE p() COMMENT '\n# gap: no\n# end: transactions 99\n'/*!*/;\n"); err != nil {
			return err
		}
		f.saved.Transactions, f.saved.Gaps = 3, []string{"it was cut", "left out: more"}
		return errors.Join(script.End(f.saved.footer()), end)
	})
}

func TestSavedFileSaysWhatItIs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "on demand")
	for _, host := range []string{"db1", "DB_1/..\\x", "::1"} {
		want, err := save(dir, someSaved(host), nil)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(want.File) != dir {
			t.Errorf("it is in %s", want.File)
		}
		info, err := os.Stat(want.File)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v (%v)", info.Mode(), err)
		}
		got, err := FindSavedTransactions(dir, want.Server)
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], want) {
			t.Errorf("got %+v (%v), want %+v", got, err, want)
		}
	}
	if all, err := FindSavedTransactions(dir, topology.Key{}); err != nil || len(all) != 3 {
		t.Errorf("%d files, %v", len(all), err)
	}
	if none, err := FindSavedTransactions(filepath.Join(dir, "none"), topology.Key{}); err != nil || len(none) != 0 {
		t.Errorf("%d files, %v", len(none), err)
	}
}

func TestFailedSaveLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	part := filepath.Join(dir, savedName(someSaved("db1").Server, "0-1-105")+unfinished)
	if err := os.WriteFile(part, []byte("of an earlier process"), 0o666); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if _, err := save(dir, someSaved("db1"), broken); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("%v are left (%v)", entries, err)
	}
	if _, err := readSaved(part); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestOtherFilesAreNoSavedTransactions(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "db1_3306-0.sql"), []byte("SELECT 1;\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := FindSavedTransactions(dir, topology.Key{}); err == nil || !strings.Contains(err.Error(), "no file of extra transactions") {
		t.Errorf("got %v", err)
	}
}
