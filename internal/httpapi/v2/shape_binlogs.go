package v2

// Binlogs are what the servers of a cluster have of the transactions that any of them has.
type Binlogs struct {
	Revision string       `json:"revision"`
	Answers  []string     `json:"answers" doc:"who is ahead, and what would be lost with the primary"`
	Sources  []HeldSource `json:"sources" doc:"under whose names transactions were committed, that with the most first; empty without GTIDs"`
	Servers  []Holder     `json:"servers"`
}

// HeldSource is a source of transactions, and who has which of them.
type HeldSource struct {
	Name   string     `json:"name" doc:"a UUID of MySQL, with its tag; or a domain of MariaDB"`
	Server string     `json:"server,omitempty" doc:"that has this UUID; empty: no member"`
	Count  uint64     `json:"count" doc:"how many any of the servers has"`
	Lanes  []HeldLane `json:"lanes" doc:"one for each server"`
}

// HeldLane is what one server has of one source.
type HeldLane struct {
	Server string    `json:"server"`
	Lacks  uint64    `json:"lacks" doc:"how many others have, errant transactions excepted"`
	Runs   []HeldRun `json:"runs" doc:"in order, without overlaps"`
	CutOff bool      `json:"cut_off,omitempty" doc:"there are older ones"`
}

// HeldRun is a run of transactions, both ends included.
type HeldRun struct {
	Kind  string `json:"kind" enum:"logged,purged,errant,missing" doc:"logged: executed, and not known to be purged"`
	First int64  `json:"first"`
	Last  int64  `json:"last"`
}

// Holder is a server with what it has.
type Holder struct {
	Server   string     `json:"server"`
	Known    bool       `json:"known" doc:"it tells what it has executed"`
	Lacks    uint64     `json:"lacks" doc:"how many transactions others have, errant ones excepted"`
	Missing  string     `json:"missing" doc:"which"`
	Alone    uint64     `json:"alone" doc:"how many transactions nobody else has executed"`
	Position string     `json:"position" doc:"where its own binary log stands"`
	Applied  string     `json:"applied" doc:"up to where it has applied the log of its source"`
	Executed string     `json:"executed_set"`
	Purged   string     `json:"purged_set"`
	Errant   string     `json:"errant"`
	Feeds    []string   `json:"feeds,omitempty" doc:"who could go on from its binary logs; not worked out in clusters of more than 40 servers"`
	FeedsNot []FeedsNot `json:"feeds_not,omitempty" doc:"who could not, and why"`
}

// FeedsNot is why a server cannot go on from the binary logs of another one.
type FeedsNot struct {
	Server string `json:"server"`
	Reason string `json:"reason"`
	Rule   string `json:"rule"`
}

// BinlogFiles are the binary logs of a server.
type BinlogFiles struct {
	Server string       `json:"server"`
	Size   int64        `json:"size" doc:"of all, in bytes"`
	Files  []BinlogFile `json:"files" doc:"oldest first"`
}

// BinlogFile is one binary log.
type BinlogFile struct {
	Name      string   `json:"name"`
	Size      int64    `json:"size" doc:"in bytes"`
	Encrypted bool     `json:"encrypted,omitempty"`
	Current   bool     `json:"current" doc:"it is written to"`
	First     string   `json:"first" doc:"the transaction that it begins with; empty when there is none, or none with a GTID"`
	Read      bool     `json:"read" doc:"it was looked into"`
	NeededBy  []string `json:"needed_by" doc:"replicas that may still need it, also those that are down or detached"`
}

// LogPlace is a place in the binary log of a server.
type LogPlace struct {
	Server string `json:"server"`
	At     string `json:"at" doc:"as file:position"`
	Entry  string `json:"entry,omitempty" doc:"what stands there"`
}
