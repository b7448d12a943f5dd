package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// template gives the family's data directory that nodes are copied from, making it when it is not there. It is locked
// against removal until release is called.
func (f Family) template(ctx context.Context, l *launcher) (dir string, release func() error, err error) {
	servers, err := serversDir()
	if err != nil {
		return "", nil, err
	}
	folder := filepath.Join(servers, ".templates")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", nil, fmt.Errorf("make the templates' folder: %w", err)
	}
	name, err := f.templateName()
	if err != nil {
		return "", nil, err
	}
	dir = filepath.Join(folder, name)
	lock, err := awaitLock(ctx, filepath.Join(folder, f.Flavor.String()+".lock"), syscall.LOCK_SH)
	if err != nil {
		return "", nil, err
	}
	if exists(dir) {
		return dir, lock.Close, nil
	}
	// The lock is not upgraded but taken anew: two that hold it shared would wait for each other.
	if err := errors.Join(lock.Close(), f.makeTemplate(ctx, l, folder, name)); err != nil {
		return "", nil, fmt.Errorf("make the data directory template of %s %s: %w", f.Flavor, f.Version, err)
	}
	if lock, err = awaitLock(ctx, filepath.Join(folder, f.Flavor.String()+".lock"), syscall.LOCK_SH); err != nil {
		return "", nil, err
	}
	if !exists(dir) {
		return "", nil, errors.Join(fmt.Errorf("template %s was removed by another version of this program", dir), lock.Close())
	}
	return dir, lock.Close, nil
}

// templateRecipe is to be raised when templates are made in another way but from the same options and statements.
const templateRecipe = 1

// templateName changes with everything that goes into a template: the server, its options and the statements.
func (f Family) templateName() (string, error) {
	info, err := os.Stat(f.Server)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, templateRecipe, f.Server, info.Size(), info.ModTime().UnixNano(), f.Version)
	fmt.Fprintln(sum, f.templateOptions(""), f.templateStatements())
	return fmt.Sprintf("%s-%s-%s", f.Flavor, f.Version, hex.EncodeToString(sum.Sum(nil))[:10]), nil
}

// makeTemplate makes the template under the exclusive lock, and removes the family's older ones.
func (f Family) makeTemplate(ctx context.Context, l *launcher, folder, name string) error {
	lock, err := awaitLock(ctx, filepath.Join(folder, f.Flavor.String()+".lock"), syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer lock.Close()
	if exists(filepath.Join(folder, name)) {
		return nil // another process was faster
	}
	old, err := filepath.Glob(filepath.Join(folder, f.Flavor.String()+"-*"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	work := filepath.Join(folder, f.Flavor.String()+"-new")
	if err := f.fillTemplate(ctx, l, work); err != nil {
		return errors.Join(err, os.RemoveAll(work))
	}
	return errors.Join(os.Rename(filepath.Join(work, "data"), filepath.Join(folder, name)), os.RemoveAll(work))
}

// fillTemplate makes work/data: the system tables, then the accounts.
func (f Family) fillTemplate(ctx context.Context, l *launcher, work string) error {
	data, log := filepath.Join(work, "data"), filepath.Join(work, "error.log")
	for _, dir := range []string{work, data, filepath.Join(work, "tmp")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	defaults := filepath.Join(work, "my.cnf")
	if err := writeDefaults(defaults, f.templateOptions(work)); err != nil {
		return err
	}
	if err := f.initialize(ctx, l, defaults, data, log); err != nil {
		return withLog(fmt.Errorf("make the system tables: %w", err), log)
	}
	server, err := l.start(log, nil, f.Server, "--defaults-file="+defaults)
	if err != nil {
		return err
	}
	if err := createAccounts(ctx, server, data, f.templateStatements()); err != nil {
		return withLog(errors.Join(err, server.kill()), log)
	}
	if err := server.signal(syscall.SIGTERM); err != nil {
		return withLog(fmt.Errorf("shut down: %w", err), log)
	}
	if err := server.wait(ctx); err != nil {
		return withLog(fmt.Errorf("shut down: %w", err), log)
	}
	// With its own identity in it, every copy would be the same server.
	return errors.Join(removeIfThere(filepath.Join(data, "auto.cnf")), removeIfThere(filepath.Join(data, "ibtmp1")))
}

// initialize makes the system tables in the empty data directory.
func (f Family) initialize(ctx context.Context, l *launcher, defaults, data, log string) error {
	if f.Flavor == MySQL {
		p, err := l.start(log, nil, f.Server, "--defaults-file="+defaults, "--initialize-insecure")
		if err != nil {
			return err
		}
		return p.wait(ctx)
	}
	if err := os.Mkdir(filepath.Join(data, "mysql"), 0o700); err != nil {
		return err
	}
	// In this mode a statement ends with its line.
	input := bytes.NewBufferString("USE mysql;\n")
	if f.Flavor == MariaDB {
		input.WriteString("SET @auth_root_socket=NULL;\n")
	}
	files, err := f.systemSQL()
	if err != nil {
		return err
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		input.Write(text)
		input.WriteString("\n")
	}
	p, err := l.start(log, input, f.Server, "--defaults-file="+defaults, "--bootstrap")
	if err != nil {
		return err
	}
	return p.wait(ctx)
}

// createAccounts runs the statements as root over the socket in the data directory once the server answers.
func createAccounts(ctx context.Context, server *process, data string, statements []string) error {
	// A Unix socket's path may have 107 bytes, and the data directory's path may be longer: a way around by its descriptor.
	dir, err := os.Open(data)
	if err != nil {
		return err
	}
	defer dir.Close()
	db := openDB("unix", fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socketName), "root", "", "")
	defer db.Close()
	if err := awaitSQL(ctx, db, server); err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// templateStatements make the accounts and the database.
func (f Family) templateStatements() []string {
	create := func(user string) string {
		return fmt.Sprintf("CREATE USER '%s'@'%%' IDENTIFIED BY '%s'", user, Password(user))
	}
	statements := []string{
		"CREATE DATABASE IF NOT EXISTS " + Database,
		create(UserOrc), create(UserRepl), create(UserApp), create(UserAdmin),
		"GRANT REPLICATION SLAVE ON *.* TO 'repl'@'%'",
		"GRANT ALL ON " + Database + ".* TO 'app'@'%'",
		"GRANT ALL ON *.* TO 'admin'@'%' WITH GRANT OPTION",
		"GRANT SELECT ON performance_schema.* TO 'orc'@'%'",
		"GRANT ALL ON orchestrator.* TO 'orc'@'%'",
		"GRANT ALL ON meta.* TO 'orc'@'%'",
		"GRANT ALL ON `\\_pseudo\\_gtid\\_`.* TO 'orc'@'%'",
	}
	manage := func(privileges ...string) {
		for _, privilege := range privileges {
			statements = append(statements, "GRANT "+privilege+" ON *.* TO 'orc'@'%'")
		}
	}
	manage("RELOAD", "PROCESS", "SHOW DATABASES", "REPLICATION SLAVE")
	switch f.Flavor {
	case MariaDB:
		manage("BINLOG MONITOR", "BINLOG ADMIN", "REPLICATION SLAVE ADMIN", "REPLICATION MASTER ADMIN", "CONNECTION ADMIN")
		if f.atLeast(10, 5, 8) {
			manage("SLAVE MONITOR")
		}
		if f.atLeast(10, 5, 2) {
			manage("READ_ONLY ADMIN")
		}
	case MySQL:
		manage("REPLICATION CLIENT", "REPLICATION_SLAVE_ADMIN", "SYSTEM_VARIABLES_ADMIN", "BINLOG_ADMIN",
			"CONNECTION_ADMIN", "GROUP_REPLICATION_ADMIN", "CLONE_ADMIN", "BACKUP_ADMIN")
		if f.atLeast(8, 3, 0) {
			manage("TRANSACTION_GTID_TAG")
		}
		statements = append(statements, "GRANT SELECT ON mysql.slave_master_info TO 'orc'@'%'")
	case MySQL56:
		manage("SUPER", "REPLICATION CLIENT")
		statements = append(statements,
			"GRANT SELECT ON mysql.slave_master_info TO 'orc'@'%'",
			// An anonymous account at localhost would win over the named ones at any address.
			"DELETE FROM mysql.user WHERE User = '' OR (User = 'root' AND Host <> 'localhost')",
			"DELETE FROM mysql.db WHERE User = ''",
			"FLUSH PRIVILEGES")
	}
	return statements
}

// removeIfThere removes a file that may be absent.
func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// logTail is the end of a log, for errors; a missing log is empty.
func logTail(path string, size int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && info.Size() > size {
		if _, err := file.Seek(-size, io.SeekEnd); err != nil {
			return ""
		}
	}
	text, err := io.ReadAll(io.LimitReader(file, size))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// withLog adds the end of a server's error log to an error.
func withLog(err error, log string) error {
	if err == nil {
		return nil
	}
	if tail := logTail(log, 2000); tail != "" {
		return fmt.Errorf("%w\nthe end of %s:\n%s", err, log, tail)
	}
	return err
}
