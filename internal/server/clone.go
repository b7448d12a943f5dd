package server

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"orchestrator/internal/topology"
)

// CloneState is how far the newest clone into a server has come.
type CloneState string

// The states of a clone.
const (
	NeverCloned CloneState = "Not Started"
	Cloning     CloneState = "In Progress"
	Cloned      CloneState = "Completed"
	CloneFailed CloneState = "Failed"
)

// CloneStatus is what a server says of the newest clone into it. It survives the restart that ends a clone.
type CloneStatus struct {
	State        CloneState
	Source       string // host:port of the donor
	Began, Ended time.Time
	Problem      string // why it failed
	Stage        string // what is being done now, with how much of it is done
	Dropped      bool   // the server's own data were dropped for it, or may have been
}

// CloneStatus asks for the newest clone into the server. The error is of kind Unsupported where the clone plugin is not
// active.
func (s *Server) CloneStatus(ctx context.Context) (CloneStatus, error) {
	status := CloneStatus{State: NeverCloned}
	err := s.with(ctx, "read the state of the clone", func(c *conn, d Dialect) error {
		if err := hasClonePlugin(ctx, c, d); err != nil {
			return err
		}
		_, err := c.query(ctx, "SELECT STATE, SOURCE, COALESCE(UNIX_TIMESTAMP(BEGIN_TIME), 0), COALESCE(UNIX_TIMESTAMP(END_TIME), 0), ERROR_NO, ERROR_MESSAGE FROM performance_schema.clone_status",
			one(func(_ []string, row []driver.Value) error {
				status.State, status.Source = CloneState(text(row[0])), text(row[1])
				status.Began, status.Ended = moment(row[2]), moment(row[3])
				if n := integer(row[4]); n != 0 {
					status.Problem = fmt.Sprintf("error %d: %s", n, text(row[5]))
				}
				return nil
			}))
		if err != nil || status.State == NeverCloned {
			return err
		}
		_, err = c.query(ctx, "SELECT STAGE, STATE, ESTIMATE, DATA FROM performance_schema.clone_progress",
			one(func(_ []string, row []driver.Value) error {
				switch state := text(row[1]); {
				case text(row[0]) == "DROP DATA":
					status.Dropped = state != string(NeverCloned)
				case state == string(Cloning):
					status.Stage = fmt.Sprintf("%s, %d of %d MB", text(row[0]), integer(row[3])>>20, integer(row[2])>>20)
				}
				return nil
			}))
		return err
	})
	return status, err
}

// moment reads a Unix time with fractions, by which two clones in one second are told apart; 0 is none.
func moment(v driver.Value) time.Time {
	seconds, fraction, _ := strings.Cut(text(v), ".")
	if n := integer(seconds); n > 0 {
		return time.Unix(n, integer((fraction + "000000000")[:9]))
	}
	return time.Time{}
}

// hasClonePlugin fails with kind Unsupported where nothing can be cloned.
func hasClonePlugin(ctx context.Context, c *conn, d Dialect) error {
	if !d.mysql(8, 0, 17) {
		return unsupported("cloning: %s %s has no clone plugin", d.Flavor, d.Version)
	}
	active := false
	_, err := c.query(ctx, "SELECT 1 FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'clone' AND PLUGIN_STATUS = 'ACTIVE'",
		one(func([]string, []driver.Value) error { active = true; return nil }))
	if err == nil && !active {
		return unsupported("the clone plugin is not active (plugin-load-add=mysql_clone.so)")
	}
	return err
}

// ErrNotSupervised says that a clone is complete and that nobody starts the server again, which has ended for it.
var ErrNotSupervised = errors.New("the clone is complete, and the server has ended; it is not supervised, so somebody has to start it")

// codeNotSupervised is what the server says in its last moments then.
const codeNotSupervised = 3707

// cloneTries is how often a clone is asked for that super_read_only refuses: a closing of the server that waited for commits
// may come to its end between the statement that switches it off and the clone.
const cloneTries = 3

// CloneFrom replaces ALL data of the server by those of a donor. It signs in there as this program does, and needs
// CLONE_ADMIN here and BACKUP_ADMIN there. Meanwhile the server is read-only, without super_read_only, which would
// refuse the clone; one that fails leaves super_read_only on, and perhaps no data. The server restarts when the clone is complete; that ends the statement with
// an error of the network, or with ErrNotSupervised. It goes on when nobody waits for it any more: CloneStatus tells.
func (s *Server) CloneFrom(ctx context.Context, donor topology.Key) error {
	const op = "clone"
	err := s.with(ctx, op, func(c *conn, d Dialect) error {
		if err := hasClonePlugin(ctx, c, d); err != nil {
			return err
		}
		o := s.set.options.Load()
		var err error
		for range cloneTries {
			if err = c.exec(ctx, d.CloneFrom(donor, o.User, o.Password, o.TLSMode == TLSAlways)...); KindOf(s.fail(op, err, true)) != ReadOnly {
				break
			}
		}
		switch code := CodeOf(s.fail(op, err, true)); {
		case code == codeNotSupervised:
			c.broken = true
			return fmt.Errorf("%w (%w)", ErrNotSupervised, err)
		case code != 0 && c.usable():
			return errors.Join(err, c.exec(ctx, d.SetReadOnly(true, true)))
		}
		return err
	})
	return err
}

// CloneFrom closes the server for all but privileged users, allows the donor and clones from it.
func (d Dialect) CloneFrom(donor topology.Key, user, password string, withTLS bool) []string {
	at := donor.Hostname + ":" + itoa(int64(donor.Port))
	clone := "CLONE INSTANCE FROM " + quote(user) + "@" + quote(donor.Hostname) + ":" + itoa(int64(donor.Port)) + " IDENTIFIED BY " + quote(password)
	if withTLS {
		clone += " REQUIRE SSL"
	}
	return []string{"SET GLOBAL read_only=1", "SET GLOBAL super_read_only=0", "SET GLOBAL clone_valid_donor_list=" + quote(at), clone}
}
