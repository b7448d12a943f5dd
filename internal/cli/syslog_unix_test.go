//go:build unix

package cli_test

import (
	"bytes"
	"context"
	"errors"
	"log/syslog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"orchestrator/internal/cli"
	"orchestrator/internal/config"
	"orchestrator/internal/operate"
)

// TestSyslog has the lines of a command go to a log of the kind that systems have, on a socket of its own.
func TestSyslog(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "log")
	system, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = system.Close() }()
	command := func(enabled bool, open func() (cli.SystemLog, error)) (stderr string) {
		var errs bytes.Buffer
		conf := config.Default()
		conf.EnableSyslog = enabled
		code := cli.Main(t.Context(), []string{"-debug", "-c", "clusters"}, cli.Deps{
			Registry: operate.NewRegistry(), Stdout: new(bytes.Buffer), Stderr: &errs, SystemLog: open,
			Load: func(cli.Options) (*config.Config, []config.Warning, error) { return conf, nil, nil },
			Open: func(_ context.Context, s cli.Session) (*operate.Engine, func() error, error) {
				s.Log.Debug("too little")
				s.Log.Info("something", "server", "db1:3306")
				return nil, nil, errors.New("no backend")
			},
		})
		if code != 1 {
			t.Errorf("exit %d", code)
		}
		return errs.String()
	}
	dial := func() (cli.SystemLog, error) {
		return syslog.Dial("unixgram", socket, syslog.LOG_DAEMON|syslog.LOG_INFO, "orchestrator")
	}

	stderr := command(true, dial)
	for _, c := range []struct{ priority, want string }{{"<30>", "INFO something server=db1:3306"}, {"<26>", "FATAL no backend"}} {
		line := make([]byte, 1000)
		n, err := system.Read(line)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(line[:n]); !strings.HasPrefix(got, c.priority) || !strings.Contains(got, "orchestrator[") || !strings.HasSuffix(got, ": "+c.want+"\n") {
			t.Errorf("the system's log has %q, want %q", got, c.want)
		}
		if !strings.Contains(stderr, c.want) {
			t.Errorf("%q is missing in %q", c.want, stderr)
		}
	}
	if got := command(true, func() (cli.SystemLog, error) { return nil, errors.New("nobody listens") }); !strings.Contains(got, "EnableSyslog") || !strings.Contains(got, "nobody listens") {
		t.Errorf("without a system's log: %q", got)
	}
	if got := command(false, func() (cli.SystemLog, error) { panic("not wanted") }); strings.Contains(got, "yslog") {
		t.Errorf("not enabled: %q", got)
	}
}
