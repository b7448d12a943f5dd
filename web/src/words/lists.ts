// What the screens with lists say by themselves.
import type { Trend } from "../api/types.ts";
import type { OutageSum } from "../layout/outages.ts";
import { duration, plural } from "./en.ts";

/** The filters that lists of what happened share. */
export const happenedText = {
  when: "When",
  until: "Until",
  person: "Person",
  manager: "Manager",
  spans: [["1h", "last hour"], ["24h", "last day"], ["7d", "last 7 days"], ["30d", "last 30 days"], ["90d", "last 90 days"]] as [string, string][],
} as const;

/** The dialog that acknowledges a recovery. */
export const ackText = {
  title: (cluster: string): string => `Acknowledge the recovery of ${cluster}`,
  verb: "Acknowledge the recovery",
  label: "What was found, for those who read it later",
  explain: "Until then a second failure of this cluster is not repaired by itself while the block of this recovery lasts. With the acknowledgement it would be.",
  done: "Acknowledged.",
  ask: "Acknowledge…",
} as const;

/** The strip of outages above the recoveries. */
export const stripText = {
  title: "Outages of 90 days",
  says: ({ outages, failed, planned, all, longest }: OutageSum): string =>
    [
      outages === 0 ? "no outage was repaired" : outages === 1 ? `1 outage, ${duration(all)} without writes` : `${plural(outages, "outage")}, ${duration(all)} without writes in all, ${duration(longest)} at most`,
      failed > 0 ? `${plural(failed, "recovery")} failed` : "",
      planned > 0 ? plural(planned, "planned switchover") : "",
    ].filter(Boolean).join(" · "),
  newest: (n: number): string => `The newest ${n}: `,
  outage: "outage",
  planned: "planned",
  failed: "failed",
  weeks: "Weeks",
  week: (from: string, to: string, n: number): string => `${from} to ${to}: ${n === 0 ? "nothing" : n}`,
  from: "90 days ago",
  now: "now",
} as const;

/** The audit. */
export const auditText = {
  audit: "Audit",
  serverAsHostPort: "Server, as host:port",
  clusterByName: "Cluster, by name",
  kind: "Kind",
  what: "What",
  plan: "Plan",
  recovery: "Recovery, by its unique name",
  partOf: "Part of",
  itsPlan: "plan",
  itsRecovery: "recovery",
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
  yes: "yes",
  no: (why: string | undefined): string => (why ? `no: ${why}` : "no: why is not on record"),
  heldBy: "Not acted on:",
  heldBefore: "Held back before the recovery:",
  heldUntil: "until",
  notOnRecord: "Why it was not acted on is not on record: versions before this one did not note it, and a manager that ends at that moment cannot.",
  wouldItNow: "Would it act by itself now?",
  changes: "How the finding changed, from an hour before to a day after",
  changeColumns: ["When", "What was found"],
  noChanges: "No change of the finding is on record around that time.",
  nothingHasFailedAsFar: "Nothing has failed as far as the records go.",
  wasActedOn: "with a recovery",
  wasNot: "without one",
  stillActive: " · the same failure is not registered again yet",
} as const;

/** Whether a lag grows. */
export const trendWord: Record<Trend["is"], string> = { worse: "growing", better: "catching up", steady: "steady" };

/** The problems. */
export const problemsText = {
  problems: "Problems",
  inDowntime: "In downtime",
  noProblem: "No problem.",
  everyServerAnswersReplicates: "Every server answers, replicates and keeps up, as far as the limits of the configuration go.",
  noServerIsInDowntime: "No server is in downtime.",
  untilItIsEnded: "until it is ended",
  singleServers: "Single servers",
  since: "since",
  atLeastSince: "at least since",
  sinceUnknown: "since when is unknown",
  refresh: (server: string): string => `Look at ${server} now`,
  downtimeOf: (server: string): string => `Downtime of ${server}`,
  downtimeAll: (n: number): string => `Downtime of all ${n}`,
  trend: {
    lost: "lag not known any more",
    by: (seconds: string, over: string): string => `${seconds} in ${over}`,
    done: (time: string): string => `done in ${time}`,
  },
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
  kind: "Kind",
  notYet: "not yet",
  kinds: [["automatic", "Automatic"], ["asked", "By a person"], ["planned", "Planned"]] as [string, string][],
  planned: "planned switchover",
  byPerson: "by a person",
  lostTransactions: (n: number): string => (n === 0 ? "no transaction was lost" : `${plural(n, "transaction")} lost`),
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
