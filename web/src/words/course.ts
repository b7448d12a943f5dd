// What the page of one recovery says by itself.
import { exactly } from "./en.ts";

/** The page, and its parts. */
export const courseText = {
  recovery: "Recovery",
  recoveries: "Recoveries",
  tabs: { steps: "Steps", trees: "Before / after", evidence: "Evidence", log: "Log", raw: "Raw" },
  whatToSee: "What to see",
  untilBack: "until writes are back",
  afterwards: "afterwards",
  replay: "Replay ×0.2",
  markdown: "Markdown",
  json: "JSON",
  print: "Print post-mortem",
  acknowledge: "Acknowledge…",
  planned: "Its plan is being made.",
  noSteps: "No steps with times were recorded: nothing was to be done on a server, or the record is of an older version. The log has what is known.",
  postMortem: (cluster: string): string => `Post-mortem · ${cluster}`,
  headOf: (started: string | null, ended: string | null, uid: string, node: string): string => `${exactly(started)} to ${exactly(ended)} · recovery ${uid} · led by ${node}`,
  product: (version: string | undefined, address: string): string => `orchestrator ${version ?? ""} · ${address}`,
} as const;

/** What matters first. */
export const factsText = {
  noWritesFor: "No writes for",
  notConcerned: "not concerned",
  soFar: "so far",
  notBack: "not brought back",
  untilTaken: "until the successor took them",
  whole: "Whole recovery",
  fromDecision: "from the decision to the end",
  firstStep: "First step after",
  steps: "Steps",
  ofSteps: (done: number, all: number): string => `${done} of ${all}`,
  othersFailed: "the others failed or were left out",
  lost: "Servers lost",
  allFollow: "all others follow",
  ledBy: "Led by",
  acknowledged: "acknowledged",
  notAcknowledged: "not acknowledged",
} as const;

/** What somebody still has to do, and who took part. */
export const remainsText = {
  remains: "What remains",
  acknowledgedBy: (who: string): string => `Acknowledged by ${who}`,
  runs: "It runs",
  notAcknowledged: "Not acknowledged",
  acknowledge: "Acknowledge",
  blocks: "a second failure of this cluster waits while the block lasts",
  blocksNothing: "it holds nothing back any more",
  isBack: (server: string): string => `${server} is back and fine`,
  isNotFine: (server: string): string => `${server} is not fine`,
  isNoPart: (server: string): string => `${server} is not part of the cluster`,
  notCome: "it has not come back, or was cut off so that it cannot follow a wrong source",
  further: "A further failure would be repaired",
  furtherNot: "A further failure would not be repaired",
  couldNotFollow: (server: string): string => `${server} could not follow`,
  lookAtData: "its data has to be looked at",
  whyNotTheOthers: "Why not the others",
  whoTookPart: "Who took part",
  failed: "failed, or was replaced",
  tookOver: "took over",
  lost: "could not follow",
  tookPart: "took part",
  detection: "The detection that led to it",
} as const;

/** What it was concluded from. */
export const evidenceText = {
  evidence: "Evidence",
  asHad: (node: string, at: string | null): string => `As ${node || "the manager"} had it at ${exactly(at)}`,
  answeredLast: (server: string, at: string): string => `; ${server} answered last at ${exactly(at)}`,
  askedFor: "Nobody had to be convinced: it was asked for.",
  otherManagers: "Other managers",
  noneAsked: "None was asked, or it was decided before one answered.",
  servers: "Servers",
  whatTheySaid: "What the servers said",
  columns: ["Server", "Asked last", "Answered", "Connected to its source", "What it said"],
  yes: "yes",
  no: "no",
  connected: (source: string): string => `yes, to ${source}`,
  notConnected: (source: string): string => `no, to ${source}`,
  hasNone: "has none",
  agrees: (why: string): string => `agrees: ${why}`,
  blind: " (it reached no replica, so that did not count)",
} as const;

/** The log. */
export const logText = { log: "Log", nothing: "Nothing was written down.", after: "After", time: "Time", what: "What" } as const;

/** A recovery as text. What came from servers and people is plain already. */
export const reportText = {
  failure: (code: string, server: string): string => `* Failure: ${code} of ${server}`,
  successor: (server: string): string => `* Successor: ${server}`,
  times: (started: string, ended: string, took: string): string => `* Began ${started}, ended ${ended}, took ${took}`,
  withoutWrites: (took: string | null): string => `* Without writes: ${took ?? "until the end of the record"}`,
  lost: (servers: string): string => `* Lost servers: ${servers || "none"}`,
  led: (node: string): string => `* Led by ${node}`,
  acknowledged: (by: string, comment: string): string => `* Acknowledged by ${by}: ${comment}`,
  notAcknowledged: "* Not acknowledged",
  error: (said: string): string => `* Error: ${said}`,
  table: "| # | phase | server | step | state | began | took |",
  product: (version: string, address: string): string => `orchestrator ${version}, ${address}`,
} as const;
