package sandbox

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Family is an installed server family: where its programs and files are.
type Family struct {
	Flavor  Flavor
	Version string // as the server says, for example "10.11.18"
	Server  string // path of the server program
	BaseDir string // its basedir; empty means the compiled-in one
	Share   string // folder with error messages, character sets and the system tables' SQL; may be empty for MySQL
	Plugins string // its plugin folder; empty means the compiled-in one
}

// ErrNoServer is wrapped by the error of [Find] when a family is not installed; the error's text names the remedy.
var ErrNoServer = errors.New("no server of this family found")

// Find locates the servers of a family: first in the folder where script/install-servers puts them, then, for MariaDB
// and MySQL, among this machine's own programs.
func Find(flavor Flavor) (Family, error) {
	folder, err := serversDir()
	if err != nil {
		return Family{}, err
	}
	family, err := readInstalled(flavor, filepath.Join(folder, flavor.String()))
	if err == nil || !errors.Is(err, os.ErrNotExist) {
		return family, err
	}
	if family, ok := findSystem(flavor); ok {
		return family, nil
	}
	return Family{}, fmt.Errorf("%w: %s is neither in %s nor on PATH: run script/install-servers %s", ErrNoServer, flavor, folder, flavor)
}

// serversDir is the folder of script/install-servers.
func serversDir() (string, error) {
	if dir := os.Getenv("ORCHESTRATOR_SERVERS_DIR"); dir != "" {
		return filepath.Abs(dir)
	}
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the servers' folder (set ORCHESTRATOR_SERVERS_DIR): %w", err)
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(cache, "orchestrator", "servers"), nil
}

// FindAround returns a program that is no database server and that script/install-servers --around puts beside them, such
// as etcd. An error that matches ErrNoServer means that it is not there.
func FindAround(name string) (string, error) {
	folder, err := serversDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, name, "bin", name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: %s is not in %s: run script/install-servers %s", ErrNoServer, name, folder, name)
	}
	return path, nil
}

// readInstalled reads the stamp that script/install-servers leaves in a family's folder.
func readInstalled(flavor Flavor, dir string) (Family, error) {
	stamp := filepath.Join(dir, "installed")
	file, err := os.Open(stamp)
	if err != nil {
		return Family{}, err
	}
	defer file.Close()
	values := map[string]string{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), "=")
		values[key] = value
	}
	if err := lines.Err(); err != nil {
		return Family{}, fmt.Errorf("read %s: %w", stamp, err)
	}
	under := func(key string) string {
		if value := values[key]; value == "" || filepath.IsAbs(value) {
			return value
		}
		return filepath.Join(dir, values[key])
	}
	family := Family{
		Flavor: flavor, Version: versionIn(values["version"]), Server: under("server"),
		BaseDir: under("basedir"), Share: under("share"), Plugins: under("plugins"),
	}
	if family.Version == "" || family.Server == "" {
		return Family{}, fmt.Errorf("%s: no version or no server in it: remove %s and run script/install-servers %s", stamp, dir, flavor)
	}
	return family, nil
}

// findSystem looks for a server among this machine's own programs.
func findSystem(flavor Flavor) (Family, bool) {
	var names []string
	switch flavor {
	case MariaDB:
		names = []string{"mariadbd", "mysqld"}
	case MySQL:
		names = []string{"mysqld"}
	default:
		return Family{}, false
	}
	// Server programs are often outside an ordinary user's PATH.
	dirs := append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/mysql/bin")
	for _, name := range names {
		for _, dir := range dirs {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
				continue
			}
			if family, ok := systemFamily(flavor, path); ok {
				return family, true
			}
		}
	}
	return Family{}, false
}

// systemFamily asks the program at path what it is.
func systemFamily(flavor Flavor, path string) (Family, bool) {
	said, err := exec.Command(path, "--no-defaults", "--version").Output()
	if err != nil {
		return Family{}, false
	}
	family := Family{Flavor: flavor, Server: path, Version: versionIn(string(said))}
	if strings.Contains(string(said), "MariaDB") != (flavor == MariaDB) {
		return Family{}, false
	}
	if flavor == MySQL {
		return family, family.atLeast(8, 0, 26)
	}
	prefix := filepath.Dir(filepath.Dir(path))
	for _, share := range []string{"share/mariadb", "share/mysql", "share"} {
		family.Share = filepath.Join(prefix, share)
		if _, err := family.systemSQL(); err == nil {
			return family, family.atLeast(10, 5, 0)
		}
	}
	return Family{}, false
}

var versionPattern = regexp.MustCompile(`Ver (\d+\.\d+\.\d+)`)

func versionIn(text string) string {
	if found := versionPattern.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

// atLeast says whether the family's version is this one or a newer one.
func (f Family) atLeast(wanted ...int) bool {
	parts := strings.Split(f.Version, ".")
	for i, want := range wanted {
		have := 0
		if i < len(parts) {
			have, _ = strconv.Atoi(parts[i]) // Version consists of digits and dots
		}
		if have != want {
			return have > want
		}
	}
	return true
}

// systemSQL lists the files that make the system tables, in the order in which they are to run.
func (f Family) systemSQL() ([]string, error) {
	names := []string{"mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql"}
	if f.Flavor == MySQL56 {
		names = []string{"mysql_system_tables.sql", "mysql_system_tables_data.sql"}
	}
	var paths []string
	for _, name := range names {
		path := filepath.Join(f.Share, name)
		if _, err := os.Stat(path); err != nil {
			path = filepath.Join(f.Share, strings.Replace(name, "mysql_", "mariadb_", 1)) // from MariaDB 11 on
			if _, err := os.Stat(path); err != nil {
				return nil, fmt.Errorf("find the system tables' SQL of %s %s: %w", f.Flavor, f.Version, err)
			}
		}
		paths = append(paths, path)
	}
	return paths, nil
}
