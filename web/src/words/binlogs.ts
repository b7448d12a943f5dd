// What the screen of binary logs and GTIDs says by itself.
import { count, plural } from "./en.ts";

/** Who has what. */
export const laneText = {
  title: "Who has what",
  asTable: "As a table",
  table: "What each server has",
  columns: ["Server", "Own log at", "Applied up to", "Lacks", "Alone has", "Executed", "Purged", "Errant"],
  kinds: { logged: "executed", purged: "executed, log purged", missing: "missing", errant: "errant" },
  newest: (shown: number, all: number): string => (shown < all ? `newest ${count(shown)} of ${plural(all, "transaction")}` : plural(all, "transaction")),
  numbers: (first: number, last: number): string => (first === last ? count(first) : `${count(first)} to ${count(last)}`),
  all: "all",
  nothing: "none",
  silent: "not known",
  behind: (n: number): string => `lacks ${count(n)}`,
  errant: (n: number): string => `${count(n)} errant`,
  cutOff: "and older gaps",
  restWhole: (n: number): string => `${plural(n, "more server")} with all of them.`,
  restWithout: (n: number): string => `${plural(n, "more server")} with none of them.`,
  notAll: (n: number): string => `${count(n)} more servers are not listed; the API has them.`,
  skew: "Servers are not looked at at the very same moment: while there are writes, whoever was looked at last seems to be ahead.",
} as const;

/** Who could feed whom. */
export const feedText = {
  title: "Who could feed whom",
  means: "From whose binary logs the others could go on, as they are.",
  columns: ["Server", "Could feed", "Could not"],
  all: "all others",
  nobody: "nobody",
  not: (n: number): string => plural(n, "server"),
  rule: (rule: string): string => `Rule: ${rule}`,
} as const;

/** The binary logs of one server. */
export const fileText = {
  title: "Binary logs",
  of: "Server",
  table: (server: string): string => `Binary logs of ${server}`,
  columns: ["File", "Size", "Begins with", "Still needed by"],
  total: (files: number, size: string): string => `${plural(files, "file")}, ${size}`,
  none: "It has none.",
  current: "written to now",
  nobody: "nobody",
  empty: "no transaction with a GTID",
  notRead: "not looked into",
  begin: "Begin a new file…",
  purge: "Delete the older ones…",
  purgeBefore: (file: string): string => `Delete the binary logs before ${file}`,
  older: (n: number): string => `${plural(n, "older file")} not listed.`,
} as const;

/** Sets and places that are worked out. */
export const setText = {
  title: "Compare sets of GTIDs",
  means: "Two sets of MySQL, or two positions of MariaDB.",
  first: "The first",
  second: "The second",
  compare: "Compare",
  onlyFirst: "Only in the first",
  onlySecond: "Only in the second",
  both: "In both",
  empty: "nothing",
} as const;

export const placeText = {
  title: "Find a place in a log",
  means: "By pseudo-GTID, where no GTIDs tell it: the same place in the log of another server. Both logs are read.",
  of: "In the log of",
  at: "Place, as file:position",
  atHint: "the end of the log",
  in: "is the same as in that of",
  find: "Find the place",
  last: "Last pseudo-GTID entry",
  found: (server: string, at: string): string => `${server}: ${at}`,
} as const;

/** Transactions that a source never had. */
export const errantText = {
  over: "holds nothing any more that its source does not have",
  byItsLastLook: "By its last look,",
  holds: "holds transactions that its source never had",
  danger: "If it became the primary, these would appear on all others, or replication would break where their logs are gone already.",
  whatTheyAre: "What they are",
  isItReal: "Is it real?",
  lookAgainFirst: "Look again first",
  lookAgain: "Look again",
  lookAgainMeans: "The server and its source are never read at the very same moment; a new look settles it. Nothing is changed on the server.",
  whatToDo: "What to do",
  inject: "Commit empty transactions on the primary",
  showThePlan: "Show the plan",
  injectMeans: (server: string): string => `Everybody then counts them as known. The data of ${server} stays different; nothing breaks when it is promoted.`,
  forget: "Forget them here",
  forgetMeans: "Its binary logs are deleted, and with them what it says it has executed beyond its source. Possible only without replicas. The data stays different.",
  leave: "Leave it, and never promote it",
  promotionRule: "Promotion rule…",
  leaveMeans: "Its promotion rule becomes must_not, for a limited time.",
  accept: "Accept them",
  acceptVerb: "Accept…",
  acceptMeans: "They are real, and what they changed is wanted there. They stay, and are no finding any more; what comes later is one. A failover counts them as ever.",
  acceptOf: (server: string): string => `Accept the errant transactions of ${server}`,
  acceptWhy: "Why they may stay, for those who read it later",
  accepted: "holds transactions that its source never had, and they may stay",
  acceptedBy: (owner: string, reason: string): string => `Accepted by ${owner}: ${reason} ·`,
  withdraw: "Take that back…",
  rebuild: "Rebuild it from another server",
  rebuildVerb: "Choose from which…",
  rebuildMeans: "All its data are thrown away and copied anew, so that they are equal again: nothing else does that. Until it is done it serves nobody, and the other server has the copying to do.",
  rebuildOf: (server: string): string => `Rebuild ${server}`,
  rebuildFrom: "By whose data",
  instead: (remedy: string): string => `To do: ${remedy}.`,
  writtenOn: "written on",
  writtenUnknown: "written on a server that is not known",
  binaryLog: "Binary log",
  binaryLogs: "Binary logs",
  unreadable: "What they did cannot be told:",
  errantTransactions: "Errant transactions",
  transaction: "Transaction",
  did: "What it did, without its values",
  areListedThereAreMore: (of: string | number): string => `${of} are listed; there are more.`,
} as const;
