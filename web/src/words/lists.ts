// What the screens with lists say by themselves.

/** The audit. */
export const auditText = {
  audit: "Audit",
  serverAsHostPort: "Server, as host:port",
  clusterByName: "Cluster, by name",
  kind: "Kind",
  nothingWasDone: "Nothing was done yet.",
  auditOff: "AuditToBackendDB is off: what is done is not kept in the database.",
} as const;

/** The list of detections. */
export const detectionsText = {
  detections: "Detections",
  cluster: "Cluster",
  failure: "Failure",
  number: "Number",
  countsStill: "counts still",
  actedOn: "Acted on",
  yesRecovery: "yes, recovery",
  noNothingIsRepaired: "no: nothing is repaired by itself for this",
  nothingHasFailedAsFar: "Nothing has failed as far as the records go.",
  stillActive: " · the same failure is not registered again yet",
} as const;

/** The problems. */
export const problemsText = {
  problems: "Problems",
  inDowntime: "In downtime",
  noProblem: "No problem.",
  everyServerAnswersReplicates: "Every server answers, replicates and keeps up, as far as the limits of the configuration go.",
  noServerIsInDowntime: "No server is in downtime.",
  untilItIsEnded: "until it is ended",
  singleServers: "Single servers",
} as const;

/** The list of recoveries. */
export const recoveriesText = {
  noWrites: "No writes",
  recoveries: "Recoveries",
  cluster: "Cluster",
  failure: "Failure",
  outcome: "Outcome",
  acknowledged: "Acknowledged",
  notAcknowledged: "Not acknowledged",
  whatBecame: "What became of it",
  notYet: "not yet",
  tookPart: "· took part:",
  nobodyElse: "nobody else",
  acknowledgedBy: (by: string | number, comment: string | number): string => ` · acknowledged by ${by}: ${comment}`,
  stepsLogPostMortem: "Steps, log, post-mortem",
  ofClustersAreReady: (ready: string | number, clusters: string | number): string => `${ready} of ${clusters} clusters are ready for one.`,
} as const;

/** The search. */
export const searchText = {
  allServers: "All servers",
  search: "Search",
  hostAliasClusterVersionUuid: "Host, alias, cluster, version, UUID, server id, port, tag",
  clusters: "Clusters",
  servers: "Servers",
  inWords: "In words",
  tryAHostAnAlias: "Try a host, an alias, a tag, a version, a server’s UUID or id.",
} as const;
