package consensus

import (
	"fmt"
	"net"
	"path/filepath"
	"testing"

	"orchestrator/internal/store"
	"orchestrator/internal/topology"
)

// TestRaftBeginsWithWhatTheRichestHolds forms a cluster of nodes that have been on their own: the one that holds the most
// begins, and what another one held is kept beside its log.
func TestRaftBeginsWithWhatTheRichestHolds(t *testing.T) {
	t.Parallel()
	for rich := range 3 {
		t.Run(fmt.Sprint("node", rich), func(t *testing.T) {
			t.Parallel()
			rig := &raftRig{t: t, dir: t.TempDir()}
			hold := func(n, tags int) {
				s, err := store.Open(t.Context(), store.Options{File: filepath.Join(rig.dir, fmt.Sprint("node", n, ".db")), Version: "test"})
				if err != nil {
					t.Fatal(err)
				}
				for k := range tags {
					if err := s.PutTag(t.Context(), key, topology.Tag{Name: fmt.Sprint("of", n, "-", k)}); err != nil {
						t.Fatal(err)
					}
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			}
			hold(rich, 3)
			hold((rich+1)%3, 1)
			var listeners []net.Listener
			var members []string
			for range 3 {
				l := rig.listen()
				listeners, members = append(listeners, l), append(members, l.Addr().String())
			}
			for n, l := range listeners {
				rig.nodes = append(rig.nodes, rig.start(fmt.Sprint("node", n), l, members, nil))
			}
			rig.equal()
			tags, err := rig.leader().store.Tags(t.Context())
			if err != nil || len(tags[key]) != 3 || tags[key][0].Name != fmt.Sprint("of", rich, "-0") {
				t.Errorf("tags %v, %v", tags[key], err)
			}
			kept, err := filepath.Glob(filepath.Join(rig.dir, fmt.Sprint("node", (rich+1)%3), "before-joining-*.json"))
			if err != nil || len(kept) != 1 {
				t.Errorf("kept %v, %v", kept, err)
			}
		})
	}
}
