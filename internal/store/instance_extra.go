package store

import (
	"encoding/json"
	"fmt"
	"strconv"

	"orchestrator/internal/topology"
)

// extraDetails is what was observed of a server beyond the columns of database_instance. It is stored as JSON in a
// table of ours and only believed as long as the row in database_instance is the one that it was written with.
type extraDetails struct {
	SuperReadOnly  bool                   `json:",omitempty"`
	OfflineMode    bool                   `json:",omitempty"`
	BinlogState    string                 `json:",omitempty"`
	ClusterDomain  string                 `json:",omitempty"`
	CheckError     string                 `json:",omitempty"`
	CheckHung      bool                   `json:",omitempty"`
	SourceNewNames bool                   `json:",omitempty"` // semi-sync plugin
	ReplicaNames   bool                   `json:",omitempty"`
	OutsideGroup   string                 `json:",omitempty"`
	Channel        topology.Channel       `json:",omitzero"`
	Others         []topology.Channel     `json:",omitempty"`
	Troubles       topology.WriteTroubles `json:",omitempty"`
}

func detailsOf(i *topology.Instance) extraDetails {
	return extraDetails{
		SuperReadOnly:  i.SuperReadOnly,
		OfflineMode:    i.OfflineMode,
		BinlogState:    i.BinlogState,
		ClusterDomain:  i.ClusterDomain,
		CheckError:     i.Check.Err,
		CheckHung:      i.Check.Hung,
		SourceNewNames: i.SemiSync.SourceNewNames,
		ReplicaNames:   i.SemiSync.ReplicaNewNames,
		OutsideGroup:   i.Group.Outside,
		Channel:        i.Channel,
		Others:         i.Others,
		Troubles:       i.Troubles,
	}
}

func (d extraDetails) applyTo(i *topology.Instance) {
	i.SuperReadOnly = d.SuperReadOnly
	i.OfflineMode = d.OfflineMode
	i.BinlogState = d.BinlogState
	i.ClusterDomain = d.ClusterDomain
	i.Check.Err, i.Check.Hung = d.CheckError, d.CheckHung
	i.SemiSync.SourceNewNames, i.SemiSync.ReplicaNewNames = d.SourceNewNames, d.ReplicaNames
	i.Group.Outside = d.OutsideGroup
	i.Channel = d.Channel
	i.Others = d.Others
	i.Troubles = d.Troubles
}

// encodeDetails gives the JSON of what the columns do not hold.
func encodeDetails(i *topology.Instance) (string, error) {
	text, err := asciiJSON(detailsOf(i))
	if err != nil {
		return "", fmt.Errorf("details of %s: %w", i.Key, err)
	}
	return text, nil
}

func decodeDetails(text string) (extraDetails, error) {
	var d extraDetails
	err := json.Unmarshal([]byte(text), &d)
	return d, err
}

func fingerprintText(h uint64) string { return strconv.FormatUint(h, 16) }
