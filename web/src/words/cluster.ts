// What the page of a cluster says by itself; sentences about servers come from the server.
import { span } from "./en.ts";

/** Of a lost primary under its own name. */
export const replacedText = {
  tookOver: (successor: string, failed: string): string => `${successor} took over from ${failed}`,
  goesOn: (sentence: string): string => `The cluster goes on there: ${sentence}`,
} as const;

/** The strip of the last hours, and the tree as it was. */
export const historyText = {
  strip: "The last 24 hours",
  title: "Last 24 hours",
  noLag: "no lag is known",
  mostLag: (seconds: number): string => `most lag ${span(seconds)}`,
  since: ", kept since ",
  handle: "Show the tree as it was",
  now: "now",
  noTrees: "No tree of the past is kept: SnapshotTopologiesIntervalHours.",
  past: "As it was",
  backToNow: "Back to now",
  nothingToChange: "Who replicated from whom, as it was written down then. Nothing can be changed here.",
  unknownThen: "This cluster was not known then.",
  gone: "is not part of the cluster any more",
  isBelow: (source: string): string => `is below ${source} now`,
  isPrimary: "is the primary now",
  isAlone: "stands by itself now",
} as const;

/** The tabs of a cluster, by their names in addresses. */
export const clusterTabs: readonly (readonly [id: string, words: string])[] = [
  ["", "Topology"], ["forecast", "Forecast"], ["servers", "Servers"], ["recoveries", "Recoveries"], ["binlogs", "Binary logs & GTID"], ["pools", "Pools & tags"], ["settings", "Settings"],
];

/** What stands above the tabs. */
export const headText = {
  tabs: "Cluster",
  group: "group replication",
  semiSync: (acknowledgements: number): string => `semi-sync, ${acknowledgements} ack`,
  semiSyncIdle: "semi-sync, not waiting now",
  asynchronous: "asynchronous",
  repairsAll: "auto-recovery on",
  repairsPrimary: "auto-recovery of the primary on",
  primaryNotRepaired: "auto-recovery of the primary off",
  repairsNone: "auto-recovery off",
  was: (name: string): string => `was ${name} until lately`,
  found: (server: string, others: number, sentence: string): string => `${server}${others > 0 ? ` and ${others} more` : ""}${server ? ": " : ""}${sentence}`,
  blocked: (code: string, server: string): string => `${code} of ${server} is not repaired: an earlier recovery blocks it.`,
  runs: (who: string): string => `${who || "Somebody"} is at work:`,
  since: "since",
  acknowledgeIt: "Look at that one",
  acknowledgeAndGoOn: "Acknowledge it and go on…",
  until: "The block ends",
  downtime: "Downtime",
  recover: "Recover…",
  switchover: "Planned switchover",
} as const;

/** What would happen if a server failed now. */
export const forecastText = {
  running: "Recovery is running",
  follow: "Follow the steps",
  step: (at: number, of: number): string => `step ${at} of ${of}`,
  ifIt: "If ",
  diedNow: "died now",
  hasFailed: "has failed",
  byItself: (would: boolean): string => `Would it act by itself? ${would ? "Yes." : "No."}`,
  whyNotOthers: "Why not the others?",
  wholeBoard: "Whole board",
  recover: "Recover…",
  takesOver: (server: string): string => `${server} takes over`,
  repaired: "It would be repaired",
  wouldNot: "It would not fail over",
  withoutWrites: "without writes",
  atRisk: "transactions at risk",
  atMost: (seconds: number): string => `at most what was committed in the last ${Math.max(1, seconds)} s`,
  until: " · until ",
  whatLifts: (change: string): string => `What would lift it: ${change}`,
  rule: (rule: string): string => `rule: ${rule}`,
} as const;

/** How the forecast has been. */
export const outlookText = {
  howGood: "How good were earlier forecasts?",
  lastDay: "The last 24 hours",
  noneCompared: "Nobody took over in this time, so there is nothing to compare.",
  kept: (kept: number, all: number): string => `${kept} of ${all} took no longer than foretold.`,
  compared: (foretold: string, took: string): string => `${foretold} foretold, ${took} taken`,
  nothingYet: "Nothing is kept yet.",
  notKept: "The manager that leads keeps it, in its memory. This one does not.",
  always: "A failure of the primary would have been repaired at all times.",
  notAlways: (times: number): string => (times === 1 ? "Once it would not have been repaired." : `${times} times it would not have been repaired.`),
  keptSince: "Kept since",
  most: (pause: string): string => `How long nobody could have written: ${pause} at most`,
} as const;

/** The bar above the tree: in which form it is shown, and what of it. */
export const barText = {
  view: "View",
  views: { tree: "Tree", outline: "Outline", table: "Table" },
  options: "What is shown",
  zoom: "Zoom",
  zoomOut: "Zoom out",
  fit: "Fit all",
  zoomIn: "Zoom in",
  replicating: "replicating",
  otherSite: "other site",
  stopped: "stopped",
  bySite: "Colour by site",
  hideFine: "Fine replicas step back",
  pools: "Pools on the cards",
  compact: "Compact",
  aliases: "Aliases instead of names",
  hidePanel: "Hide the panel, but for plans",
  anonymous: "Anonymous, for pictures",
} as const;

/** The forecast's board. */
export const boardText = {
  primaryDies: "the primary dies",
  withAllReplicas: "the primary and all its replicas do",
  withSomeReplicas: "the primary and some replicas do",
  unreachable: "the primary cannot be reached, and its replicas replicate",
  waitsForAcks: "the primary waits for acknowledgements",
  readOnly: "the primary became read-only",
  dies: (server: string): string => `${server} dies`,
  byItself: "Would it act by itself?",
  yes: "Yes.",
  no: "No.",
  whatIf: "What if …",
  sameCode: "Each case runs the same code as the real thing, on the picture of this moment, and changes nothing.",
  failedNow: (code: string): string => `failed now (${code})`,
  hasFailed: (code: string): string => `has failed (${code})`,
  secondsWithoutWrites: "s without writes",
  noneAtRisk: "No transaction at risk.",
  riskUnknown: "How many transactions are at risk cannot be known.",
  atRisk: (transactions: string): string => `${transactions} at risk.`,
  basis: (basis: string): string => `Basis: ${basis}`,
  whoWins: "Who wins, and why not the others",
  server: "Server",
  inWords: "In words",
  wins: "wins",
  met: { yes: "yes", partly: "in part", no: "no" },
  wouldBeTaken: "that would be taken",
  about: (length: string): string => ` · about ${length}`,
} as const;
