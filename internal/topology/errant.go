package topology

import (
	"fmt"
	"strings"

	"orchestrator/internal/gtid"
)

// Errant computes which transactions a MySQL replica has executed that came neither from its source nor from above:
// its executed set without the entries of its ancestors' UUIDs (its own are kept, except in a ring, where they may
// have come back), less what the source has executed apart from the source's own. The answer is "" when there are
// none, or when a set is unknown. The UUIDs of i must be derived already (AncestryUUID).
func Errant(i, source *Instance) (string, error) {
	if i.ExecutedSet == "" || source.ExecutedSet == "" || i.IsMariaDB() {
		return "", nil
	}
	executed, err := gtid.Parse(i.ExecutedSet)
	if err != nil {
		return "", fmt.Errorf("errant transactions of %s: executed set: %w", i.Key, err)
	}
	above, err := gtid.Parse(source.ExecutedSet)
	if err != nil {
		return "", fmt.Errorf("errant transactions of %s: executed set of source %s: %w", i.Key, source.Key, err)
	}
	var ancestors []gtid.UUID
	for text := range strings.SplitSeq(i.AncestryUUID, ",") {
		if text == "" || strings.EqualFold(text, i.ServerUUID) && !i.IsCoPrimary {
			continue
		}
		u, err := gtid.ParseUUID(text)
		if err != nil {
			return "", fmt.Errorf("errant transactions of %s: ancestor: %w", i.Key, err)
		}
		ancestors = append(ancestors, u)
	}
	if source.ServerUUID != "" {
		u, err := gtid.ParseUUID(source.ServerUUID)
		if err != nil {
			return "", fmt.Errorf("errant transactions of %s: source %s: %w", i.Key, source.Key, err)
		}
		above = above.Without(u)
	}
	return executed.Without(ancestors...).Subtract(above).String(), nil
}
