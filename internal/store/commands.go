package store

import (
	"context"
	"encoding/json"
	"time"

	"orchestrator/internal/topology"
)

// commands returns how the payload of each command is read, by the command's name. A name means the same for ever; what
// changes its meaning gets a new one.
func commands() map[string]func(json.RawMessage) (command, error) { return knownCommands }

var knownCommands = map[string]func(json.RawMessage) (command, error){
	acceptErrant{}.op():          read[acceptErrant],
	ackCrashed{}.op():            read[ackCrashed],
	ackRecovery{}.op():           read[ackRecovery],
	acquireToken{}.op():          read[acquireToken],
	beginDowntime{}.op():         read[beginDowntime],
	beginMaintenance{}.op():      read[beginMaintenance],
	clearDetections{}.op():       read[clearDetections],
	deleteHostAttribute{}.op():   read[deleteHostAttribute],
	deleteKeyValue{}.op():        read[deleteKeyValue],
	deleteTag{}.op():             read[deleteTag],
	disableRecoveries{}.op():     read[disableRecoveries],
	discover{}.op():              read[discover],
	enableRecoveries{}.op():      read[enableRecoveries],
	endDowntime{}.op():           read[endDowntime],
	expireBlocked{}.op():         read[expireBlocked],
	expireCandidates{}.op():      read[expireCandidates],
	expireClusterSwitches{}.op(): read[expireClusterSwitches],
	expireDetections{}.op():      read[expireDetections],
	expireDowntimes{}.op():       read[expireDowntimes],
	expireMaintenance{}.op():     read[expireMaintenance],
	expireRecoveries{}.op():      read[expireRecoveries],
	expireTokens{}.op():          read[expireTokens],
	forgetCluster{}.op():         read[forgetCluster],
	forgetInstances{}.op():       read[forgetInstances],
	genesis{}.op():               read[genesis],
	injectedPseudoGTID{}.op():    read[injectedPseudoGTID],
	noteDetectionHold{}.op():     read[noteDetectionHold],
	noteRecoveryLoss{}.op():      read[noteRecoveryLoss],
	publishPrimary{}.op():        read[publishPrimary],
	putGameDay{}.op():            read[putGameDay],
	putHostAttribute{}.op():      read[putHostAttribute],
	putJournal{}.op():            read[putJournal],
	putKeyValue{}.op():           read[putKeyValue],
	putTag{}.op():                read[putTag],
	recordBlockedRecovery{}.op(): read[recordBlockedRecovery],
	registerCandidate{}.op():     read[registerCandidate],
	registerDetection{}.op():     read[registerDetection],
	registerRecovery{}.op():      read[registerRecovery],
	registerUnresolve{}.op():     read[registerUnresolve],
	releaseMaintenance{}.op():    read[releaseMaintenance],
	renameCluster{}.op():         read[renameCluster],
	resolveRecovery{}.op():       read[resolveRecovery],
	saveToken{}.op():             read[saveToken],
	setAlias{}.op():              read[setAlias],
	setAliasOverride{}.op():      read[setAliasOverride],
	submitPool{}.op():            read[submitPool],
	switchClusterOff{}.op():      read[switchClusterOff],
	switchClusterOn{}.op():       read[switchClusterOn],
	writeAudit{}.op():            read[writeAudit],
	writeRecovery{}.op():         read[writeRecovery],
	writeRecoveryStep{}.op():     read[writeRecoveryStep],
}

func read[C command](text json.RawMessage) (command, error) {
	var c C
	err := json.Unmarshal(text, &c)
	return c, err
}

// agreeIfAny has rows removed or ended if there are any: an idle group of nodes writes no log.
func (s *Store) agreeIfAny(ctx context.Context, c command, table, where string, args ...any) (int64, error) {
	if due, err := s.any(ctx, table, where, args...); err != nil || !due {
		return 0, err
	}
	return agree[int64](ctx, s, c)
}

// any says whether a table has rows that a condition holds for.
func (s *Store) any(ctx context.Context, table, where string, args ...any) (found bool, err error) {
	err = s.each(ctx, s.reader, "look into "+table, func([]value) { found = true }, "SELECT 1 FROM "+table+" WHERE "+where+" LIMIT 1", args...)
	return found, err
}

// The commands. Where one has the name of a method of the Store, its meaning is the method's.
type (
	ackRecovery struct{ Acknowledgement }
	ackCrashed  struct {
		Live []Node
	}
	acquireToken struct {
		Public string
		Window time.Duration
	}
	saveToken    struct{ AccessToken }
	expireTokens struct {
		Age time.Duration
	}
	beginDowntime struct {
		Key      topology.Key
		Downtime topology.Downtime
	}
	endDowntime struct {
		Key topology.Key
	}
	expireDowntimes  struct{}
	beginMaintenance struct {
		Maintenance topology.Maintenance
		By          Node
	}
	expireMaintenance struct {
		Live []Node
	}
	putTag struct {
		Key topology.Key
		Tag topology.Tag
	}
	deleteTag struct {
		Key   *topology.Key
		Query topology.TagQuery
	}
	registerCandidate struct{ Candidate }
	expireCandidates  struct {
		Age time.Duration
	}
	submitPool struct {
		Pool string
		Keys []topology.Key
		At   time.Time
	}
	setAlias struct {
		Cluster, Alias string
	}
	setAliasOverride struct {
		Cluster, Alias string
	}
	renameCluster struct {
		From, To string
	}
	noteDetectionHold   struct{ DetectionHold }
	noteRecoveryLoss    struct{ RecoveryLoss }
	putGameDay          struct{ GameDay }
	putHostAttribute    struct{ HostAttribute }
	deleteHostAttribute struct {
		Hostname, Name string
	}
	putKeyValue    struct{ KV }
	deleteKeyValue struct {
		Key string
	}
	forgetInstances struct {
		Keys []topology.Key
	}
	forgetCluster struct {
		Cluster string
	}
	switchClusterOff struct{ ClusterSwitch }
	switchClusterOn  struct {
		Cluster string
	}
	expireClusterSwitches struct{}
	disableRecoveries     struct{}
	enableRecoveries      struct{}
	injectedPseudoGTID    struct {
		Cluster string
	}
	expireDetections struct {
		Block time.Duration
	}
	writeRecovery    struct{ Recovery }
	resolveRecovery  struct{ Recovery }
	expireRecoveries struct {
		Block time.Duration
	}
	writeRecoveryStep     struct{ RecoveryStep }
	recordBlockedRecovery struct{ BlockedRecovery }
	expireBlocked         struct {
		Age time.Duration
	}
	putJournal        struct{ JournalEntry }
	writeAudit        struct{ AuditRow }
	registerDetection struct{ Detection }
	registerRecovery  struct {
		Recovery Recovery
		Journal  *JournalEntry
		Force    bool
	}
	// clearDetections ends the active periods of the detections of a server or of a cluster.
	clearDetections struct {
		Key     topology.Key
		Cluster string
	}
	// releaseMaintenance ends the maintenance with a number, or of a server.
	releaseMaintenance struct {
		ID  int64
		Key topology.Key
	}
	// registerUnresolve sets the virtual name of a host, or removes it when that is empty.
	registerUnresolve struct {
		Hostname, Virtual string
		At                time.Time
	}
	// discover makes servers known to every node, which then look at them.
	discover struct{ Keys []topology.Key }
)

func (ackRecovery) op() string           { return "ack-recovery" }
func (ackCrashed) op() string            { return "ack-crashed-recoveries" }
func (acquireToken) op() string          { return "acquire-token" }
func (saveToken) op() string             { return "save-token" }
func (expireTokens) op() string          { return "expire-tokens" }
func (beginDowntime) op() string         { return "begin-downtime" }
func (endDowntime) op() string           { return "end-downtime" }
func (expireDowntimes) op() string       { return "expire-downtimes" }
func (beginMaintenance) op() string      { return "begin-maintenance" }
func (expireMaintenance) op() string     { return "expire-maintenance" }
func (putTag) op() string                { return "put-instance-tag" }
func (deleteTag) op() string             { return "delete-instance-tag" }
func (registerCandidate) op() string     { return "register-candidate" }
func (expireCandidates) op() string      { return "expire-candidates" }
func (submitPool) op() string            { return "submit-pool-instances" }
func (setAlias) op() string              { return "set-cluster-alias" }
func (setAliasOverride) op() string      { return "set-cluster-alias-manual-override" }
func (renameCluster) op() string         { return "rename-cluster" }
func (noteDetectionHold) op() string     { return "note-detection-hold" }
func (noteRecoveryLoss) op() string      { return "note-recovery-loss" }
func (putGameDay) op() string            { return "put-game-day" }
func (putHostAttribute) op() string      { return "put-host-attribute" }
func (deleteHostAttribute) op() string   { return "delete-host-attribute" }
func (putKeyValue) op() string           { return "put-key-value" }
func (deleteKeyValue) op() string        { return "delete-key-value" }
func (forgetInstances) op() string       { return "forget" }
func (forgetCluster) op() string         { return "forget-cluster" }
func (switchClusterOff) op() string      { return "disable-cluster-recoveries" }
func (switchClusterOn) op() string       { return "enable-cluster-recoveries" }
func (expireClusterSwitches) op() string { return "expire-cluster-recoveries" }
func (disableRecoveries) op() string     { return "disable-global-recoveries" }
func (enableRecoveries) op() string      { return "enable-global-recoveries" }
func (injectedPseudoGTID) op() string    { return "injected-pseudo-gtid" }
func (expireDetections) op() string      { return "expire-failure-detections" }
func (writeRecovery) op() string         { return "import-recovery" }
func (resolveRecovery) op() string       { return "resolve-recovery" }
func (expireRecoveries) op() string      { return "expire-recoveries" }
func (writeRecoveryStep) op() string     { return "write-recovery-step" }
func (recordBlockedRecovery) op() string { return "block-recovery" }
func (expireBlocked) op() string         { return "expire-blocked-recoveries" }
func (putJournal) op() string            { return "write-recovery-journal" }
func (writeAudit) op() string            { return "audit" }
func (registerDetection) op() string     { return "register-failure-detection" }
func (registerRecovery) op() string      { return "write-recovery" }
func (clearDetections) op() string       { return "clear-failure-detections" }
func (releaseMaintenance) op() string    { return "end-maintenance" }
func (registerUnresolve) op() string     { return "register-hostname-unresolve" }
func (discover) op() string              { return "discover" }

func (c ackRecovery) apply(ctx context.Context, s *Store) (any, error) {
	return s.AcknowledgeRecoveries(ctx, c.Acknowledgement)
}

func (c ackCrashed) apply(ctx context.Context, s *Store) (any, error) {
	return s.AcknowledgeCrashed(ctx, c.Live)
}

func (c acquireToken) apply(ctx context.Context, s *Store) (any, error) {
	return s.AcquireToken(ctx, c.Public, c.Window)
}

func (c saveToken) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.SaveToken(ctx, c.AccessToken)
}

func (c expireTokens) apply(ctx context.Context, s *Store) (any, error) {
	return s.ExpireTokens(ctx, c.Age)
}

func (c beginDowntime) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.BeginDowntime(ctx, c.Key, c.Downtime)
}

func (c endDowntime) apply(ctx context.Context, s *Store) (any, error) {
	return s.EndDowntime(ctx, c.Key)
}

func (expireDowntimes) apply(ctx context.Context, s *Store) (any, error) {
	return s.ExpireDowntimes(ctx)
}

func (c beginMaintenance) apply(ctx context.Context, s *Store) (any, error) {
	return s.BeginMaintenance(ctx, c.Maintenance, c.By)
}

func (c expireMaintenance) apply(ctx context.Context, s *Store) (any, error) {
	return s.ExpireMaintenance(ctx, c.Live)
}

func (c putTag) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.PutTag(ctx, c.Key, c.Tag)
}

func (c deleteTag) apply(ctx context.Context, s *Store) (any, error) {
	return s.DeleteTag(ctx, c.Key, c.Query)
}

func (c registerCandidate) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.RegisterCandidate(ctx, c.Candidate)
}

func (c expireCandidates) apply(ctx context.Context, s *Store) (any, error) {
	return s.ExpireCandidates(ctx, c.Age)
}

func (c submitPool) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.SubmitPool(ctx, c.Pool, c.Keys, c.At)
}

func (c setAlias) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.SetAlias(ctx, c.Cluster, c.Alias)
}

func (c setAliasOverride) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.SetAliasOverride(ctx, c.Cluster, c.Alias)
}

func (c renameCluster) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.RenameCluster(ctx, c.From, c.To)
}

func (c noteDetectionHold) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.NoteDetectionHold(ctx, c.DetectionHold)
}

func (c noteRecoveryLoss) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.NoteRecoveryLoss(ctx, c.RecoveryLoss)
}

func (c putGameDay) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.PutGameDay(ctx, c.GameDay)
}

func (c putHostAttribute) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.PutHostAttribute(ctx, c.HostAttribute)
}

func (c deleteHostAttribute) apply(ctx context.Context, s *Store) (any, error) {
	return s.DeleteHostAttribute(ctx, c.Hostname, c.Name)
}

func (c putKeyValue) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.PutKV(ctx, c.KV)
}

func (c deleteKeyValue) apply(ctx context.Context, s *Store) (any, error) {
	return s.DeleteKV(ctx, c.Key)
}

func (c forgetInstances) apply(ctx context.Context, s *Store) (any, error) {
	return s.ForgetInstances(ctx, c.Keys...)
}

func (c forgetCluster) apply(ctx context.Context, s *Store) (any, error) {
	return s.ForgetCluster(ctx, c.Cluster)
}

func (disableRecoveries) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.SetRecoveryDisabled(ctx, true)
}

func (enableRecoveries) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.SetRecoveryDisabled(ctx, false)
}

func (c injectedPseudoGTID) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.RecordInjectedPseudoGTID(ctx, c.Cluster)
}

func (c expireDetections) apply(ctx context.Context, s *Store) (any, error) {
	return s.ExpireDetections(ctx, c.Block)
}

func (c writeRecovery) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.WriteRecovery(ctx, &c.Recovery)
}

func (c resolveRecovery) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.ResolveRecovery(ctx, &c.Recovery)
}

func (c expireRecoveries) apply(ctx context.Context, s *Store) (any, error) {
	return s.ExpireRecoveries(ctx, c.Block)
}

func (c writeRecoveryStep) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.WriteRecoveryStep(ctx, c.RecoveryStep)
}

func (c recordBlockedRecovery) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.RecordBlockedRecovery(ctx, c.BlockedRecovery)
}

func (c expireBlocked) apply(ctx context.Context, s *Store) (any, error) {
	return s.ExpireBlockedRecoveries(ctx, c.Age)
}

func (c switchClusterOff) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.SwitchOffCluster(ctx, c.ClusterSwitch)
}

func (c switchClusterOn) apply(ctx context.Context, s *Store) (any, error) {
	return s.SwitchOnCluster(ctx, c.Cluster)
}

func (expireClusterSwitches) apply(ctx context.Context, s *Store) (any, error) {
	return s.ExpireClusterSwitches(ctx)
}

func (c putJournal) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.putJournal(ctx, s.within, c.JournalEntry)
}

func (c writeAudit) apply(ctx context.Context, s *Store) (any, error) {
	return nil, s.WriteAudit(ctx, c.AuditRow)
}

// registeredDetection is the answer to registerDetection.
type registeredDetection struct {
	Detection  Detection
	Registered bool
}

func (c registerDetection) apply(ctx context.Context, s *Store) (any, error) {
	registered, err := s.RegisterDetection(ctx, &c.Detection)
	return registeredDetection{c.Detection, registered}, err
}

// registeredRecovery is the answer to registerRecovery.
type registeredRecovery struct {
	Registration
	ID int64
}

func (c registerRecovery) apply(ctx context.Context, s *Store) (any, error) {
	registration, err := s.RegisterRecovery(ctx, &c.Recovery, c.Journal, c.Force)
	return registeredRecovery{registration, c.Recovery.ID}, err
}

func (c clearDetections) apply(ctx context.Context, s *Store) (any, error) {
	if c.Cluster != "" {
		return s.ClearClusterDetections(ctx, c.Cluster)
	}
	return s.ClearDetections(ctx, c.Key)
}

func (c releaseMaintenance) apply(ctx context.Context, s *Store) (any, error) {
	if c.ID != 0 {
		return s.EndMaintenance(ctx, c.ID)
	}
	return s.EndMaintenanceOf(ctx, c.Key)
}

func (c registerUnresolve) apply(ctx context.Context, s *Store) (any, error) {
	if c.Virtual == "" {
		return s.DeregisterUnresolve(ctx, c.Hostname)
	}
	return nil, s.RegisterUnresolve(ctx, c.Hostname, c.Virtual, c.At)
}

// Announce makes servers known to every node; servers that are known already stay as they are. Without a log it does
// nothing: whoever discovers a server has stored it.
func (s *Store) Announce(ctx context.Context, keys ...topology.Key) error {
	if s.agreed == nil {
		return nil
	}
	return decide(ctx, s, discover{keys})
}

func (c discover) apply(ctx context.Context, s *Store) (any, error) {
	unseen := make([]*topology.Instance, len(c.Keys))
	for n, k := range c.Keys {
		unseen[n] = &topology.Instance{Key: k}
	}
	return s.InsertUnseen(ctx, unseen...)
}
