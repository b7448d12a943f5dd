// What the page of game days says by itself.
import type { GameDay, WriteSpan } from "../api/types.ts";
import { count, duration, plural } from "./en.ts";

/** What was done to a server. */
export const blowText: Record<GameDay["blow"], string> = { "shut-down": "told to end", kill: "killed", freeze: "frozen" };

/** The page. */
export const gamedayText = {
  gameDay: "Game day",
  plan: "Plan",
  none: "No cluster is marked for game days.",
  noneBefore: "Servers are struck on purpose only where every server of the cluster carries the tag ",
  noneAfter: ", so that nothing breaks that is needed. In the table of a cluster all its servers can be tagged at once.",
  without: (n: number, mark: string, servers: string): string => `: ${plural(n, "server")} without the tag ${mark}, so nothing can be struck there: ${servers}`,
  choose: "Strike a server, and see what becomes of it",
  cluster: "Cluster ",
  whichServer: (cluster: string): string => `Which server of ${cluster}`,
  primary: "the primary",
  source: "a source of replicas",
  how: "How",
  notOffered: (why: string): string => `Not offered: ${why}.`,
  nobodyStarts: "Nobody starts the server again, or wakes it: do so yourself afterwards.",
  whatWouldHappen: "What would happen",
  showPlan: "Show the plan",
  mayLook: "You can look, not change.",
  product: (version: string | undefined, address: string): string => `Game day · orchestrator ${version ?? ""} · ${address}`,
  wasStruck: (cluster: string, blow: GameDay["blow"]): string => ` of ${cluster} was ${blowText[blow]} `,
  nobodyNoticed: (ms: number): string => `Nobody has noticed for ${duration(ms)}`,
  follow: "Follow the steps",
  allSteps: "All steps, and the report to print",
  print: "Print this report",
  soFar: "Game days so far",
  noneYet: "None yet. Each is kept with what was expected, what the forecast said, and what happened.",
  asForecast: (met: number, of: number): string => `${count(met)} of ${plural(of, "game day")} went as the forecast said.`,
  columns: ["When", "Struck", "By", "Expected by people", "Forecast", "What happened", ""],
  of: (cluster: string): string => ` of ${cluster}`,
  takesOver: (server: string): string => `${server} takes over`,
  isRepaired: "it is repaired",
  withoutWrites: (ms: number): string => `${duration(ms)} without writes`,
  writesAfter: (ms: number): string => `writes after ${duration(ms)}, from the blow`,
  trend: "How long nobody wrote, against the forecast",
  steps: "Steps",
  writes: "Writes",
  markdown: "Markdown",
} as const;

/** Whether it went as the forecast said. */
export const outcomeText = {
  notStruck: (why: string): string => `The server was not struck: ${why}`,
  nothingDone: "Nothing was done about it.",
  running: "It is being repaired.",
  failed: "The repair failed.",
  lost: (successor: string | undefined, lost: readonly string[]): string => `${successor ?? "It"} took over, and ${lost.join(", ")} could not follow.`,
  another: (successor: string | undefined, expected: string): string => `${successor ?? "Nobody"} took over, not ${expected}.`,
  tookOver: (successor: string): string => `${successor} took over.`,
  repaired: "It was repaired.",
} as const;

/** When writes stopped and came back. */
export const writesText = {
  state: { open: "takes writes", closed: "read-only, or a replica", refuses: "does not commit", silent: "does not answer" } satisfies Record<WriteSpan["state"], string>,
  /** Milliseconds from the blow on, or before it. */
  after: (ms: number): string => (ms < 0 ? `${duration(-ms)} before` : `${duration(ms)} after`),
  stopped: (from: string, back: string | undefined): string => `stopped ${from}, ${back === undefined ? "not back" : `back ${back}`} · `,
  asked: (servers: number, every: number, commits: boolean): string =>
    `${plural(servers, "server")} asked every ${duration(every)}${commits ? ", and a row was committed where one could be" : ", without writing"}`,
  notAsked: (n: number): string => ` · ${plural(n, "server")} not asked`,
  expected: "Expected by people",
  forecast: "Forecast",
  goOn: "writes go on",
  seen: "Seen",
  seenSoFar: "Seen so far",
  wentOn: "writes went on",
  label: "Who took writes, by the time since the blow",
  nobody: "Nobody",
  noWrites: (ms: number): string => `no writes · ${duration(ms)}`,
  fromTheBlow: (when: string): string => `, from ${when} the blow`,
  bar: (state: string, ms: number, says: string): string => `${state} ${duration(ms)}${says ? `: ${says}` : ""}`,
  span: (state: string, from: string, to: string): string => `${state} from ${from} to ${to}`,
  notAnswered: "has not answered",
} as const;

/** A game day as text. What came from servers and people is plain already. */
export const gamedayReport = {
  title: (server: string, cluster: string): string => `# Game day: ${server} of ${cluster}`,
  told: (at: string, by: string, blow: GameDay["blow"]): string => `* ${at}, by ${by}: ${blowText[blow]}`,
  expected: (what: string): string => `* Expected: ${what}`,
  forecast: (successor: string, pause: number, risk: number | null): string =>
    `* Forecast: ${successor ? gamedayText.takesOver(successor) : gamedayText.isRepaired}${pause > 0 ? `, ${gamedayText.withoutWrites(pause)}` : ""}, ${risk === null ? "transactions at risk unknown" : `${risk} transactions at risk`}`,
  happened: (what: string): string => `* What happened: ${what}`,
  writesBack: (ms: number): string => `* Writes were back ${duration(ms)} after the blow`,
  writes: (sentence: string): string => `* Writes: ${sentence}`,
  gap: (from: string, to: string | null, took: string): string => `  * stopped ${from}, ${to === null ? "not back" : `back ${to}, ${took} later`}`,
  recovery: (uid: string, code: string): string => `* Recovery ${uid}, code ${code}`,
} as const;
