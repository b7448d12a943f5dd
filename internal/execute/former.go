package execute

import (
	"context"
	"fmt"

	"orchestrator/internal/plan"
	"orchestrator/internal/server"
	"orchestrator/internal/topology"
)

// becomeReplica makes a former primary a replica of the server that has taken over, and leaves it stopped. Where nobody
// has told what it could sign in with, and it has no user of its own, nothing is changed: half configured it would be
// nobody's replica, and would look like one. A planned takeover (Action.On) points it there all the same, as published: a
// person is there to give it credentials, and until then the topology shows whose replica it is to be.
func (r *Run) becomeReplica(ctx context.Context, k topology.Key, s Server, a plan.Action) (string, error) {
	own, err := channel(ctx, s, a.Channel)
	if err != nil {
		return "", err
	}
	if own != nil && own.Source == a.Source && (own.User != "" || own.IOThread.Running()) {
		return "", errAlready
	}
	id, known := r.identities().of(a.Source)
	if !a.On && id.User == "" && (own == nil || own.User == "") {
		return "", fmt.Errorf("it is left as it is: %w", noCredentials(a.Source, nil))
	}
	now, err := look(ctx, s)
	if err != nil {
		return "", err
	}
	note, err := r.sinceClosed(k, now, a.Place)
	if err != nil {
		return "", err
	}
	change := server.SourceChange{Fresh: true}
	if known {
		change = server.CarryOver(id.channel)
		change.Delay, change.Fresh = nil, true
		change.User, change.Password = id.User, id.Password
		change.TLS = connection(id)
	}
	change.Channel, change.Source = a.Channel, a.Source
	if err := r.placeFormer(ctx, s, &change, a); err != nil {
		return note, err
	}
	if own != nil {
		if err := r.stop(ctx, k, s, a.Channel); err != nil {
			return note, err
		}
	}
	return note, r.repoint(ctx, k, s, change)
}

// sinceClosed refuses a former primary that has written since this run closed it. The note says that its log has grown
// all the same.
func (r *Run) sinceClosed(k topology.Key, now standing, place plan.Place) (note string, err error) {
	r.mu.Lock()
	closed, looked := r.takeover.closed[k]
	r.mu.Unlock()
	switch {
	case !looked:
	case closed.executed != now.executed && place == plan.ByOracleGTID, closed.position != now.position && place == plan.ByMariaDBGTID:
		return "", fmt.Errorf("it has written since it was closed: it held %s then and holds %s now", closed, now)
	case closed.at != now.at:
		note = fmt.Sprintf("its own log has grown from %s to %s since it was closed", closed.at, now.at)
	}
	return note, nil
}

// connection are the options with which the former primary connects. Without TLS a password is only taken by the
// newer authentication of MySQL when the source may send its public key.
func connection(id identity) *topology.TLSOptions {
	tls := id.channel.TLS
	if id.SSLCA != "" {
		tls.CAFile = id.SSLCA
	}
	if id.SSLCert != "" {
		tls.Cert, tls.Key = id.SSLCert, id.SSLKey
	}
	if !tls.Enabled && tls.SourcePublicKeyPath == "" {
		yes := true
		tls.GetSourcePublicKey = &yes
	}
	return &tls
}

const (
	// behindOwnLog is MariaDB's error for a replica position that its own binary log has passed already.
	behindOwnLog = 1947
	// adoptionsAtMost is how often a primary that takes writes is asked again where it stands.
	adoptionsAtMost = 20
)

// adoptPosition makes what a MariaDB server has written its position as a replica. One that goes on writing may be past
// the position when it is set; then it is read again. That it is never caught is no error: false is returned.
func adoptPosition(ctx context.Context, s Server) (bool, error) {
	set, ok := s.(repositioned)
	for range adoptionsAtMost {
		g, err := s.GTIDs(ctx)
		if err != nil || !ok || g.CurrentPos == "" {
			return false, err
		}
		switch err := set.SetMariaDBSlavePos(ctx, g.CurrentPos); {
		case err == nil:
			return true, nil
		case server.CodeOf(err) != behindOwnLog:
			return false, err
		}
	}
	return false, nil
}

// placeFormer says where a former primary begins in the log of the server that has taken over.
func (r *Run) placeFormer(ctx context.Context, s Server, change *server.SourceChange, a plan.Action) error {
	switch a.Place {
	case plan.ByOracleGTID:
		change.Mode = server.GTIDAuto
	case plan.ByMariaDBGTID:
		// What it has written itself is not in its replica position.
		change.Mode = server.MariaDBCurrentPos
		adopted, err := adoptPosition(ctx, s)
		if err != nil {
			return err
		}
		if adopted {
			change.Mode = server.MariaDBSlavePos
		}
	case plan.ByCoordinates:
		change.Mode, change.Coords = server.FilePosition, a.At
	case plan.AtEnd:
		// What its replica logs from here on is its own work, which it passes over, or new to it.
		end, err := r.e.o.Server(a.Source).SelfCoordinates(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("where the log of %s ends: %w", a.Source, err)
		case end.IsEmpty():
			return fmt.Errorf("%s writes no binary log", a.Source)
		}
		change.Mode, change.Coords = server.FilePosition, end
	default:
		r.mu.Lock()
		change.Mode, change.Coords = server.FilePosition, r.opened
		opened := r.openKey == a.Source && !r.opened.IsEmpty()
		r.mu.Unlock()
		if !opened {
			return fmt.Errorf("the coordinates of %s when it was opened for writing are not known", a.Source)
		}
	}
	return nil
}
