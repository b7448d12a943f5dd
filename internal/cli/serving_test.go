package cli_test

import (
	"strings"
	"testing"
)

// TestContinuous runs the service without its web server, which no raft node may do: it would not take part.
func TestContinuous(t *testing.T) {
	s := newSession()
	if _, errs, code := s.run("-grab-election", "-c", "continuous"); code != 0 || s.served == nil || !s.served.NoWeb || s.opened > 0 {
		t.Errorf("exit %d, served %+v, opened %d, errors %q", code, s.served, s.opened, errs)
	}
	s = newSession()
	s.b.Conf.RaftEnabled = true
	if _, errs, code := s.run("-c", "continuous"); code != 1 || s.served != nil || !strings.Contains(errs, "RaftEnabled is set") {
		t.Errorf("exit %d, served %+v, errors %q", code, s.served, errs)
	}
	s = newSession()
	if _, _, code := s.run("http"); code != 0 || s.served == nil || s.served.NoWeb {
		t.Errorf("exit %d, served %+v", code, s.served)
	}
}

// TestAgentsAreNotServed says so on the command line as over HTTP.
func TestAgentsAreNotServed(t *testing.T) {
	if out, errs, code := newSession().run("-c", "custom-command", "-hostname", "h", "-pattern", "c"); code != 1 || out != "" || !strings.Contains(errs, "Agents not served") {
		t.Errorf("exit %d, output %q, errors %q", code, out, errs)
	}
}
