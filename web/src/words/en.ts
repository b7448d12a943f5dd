// Every word of the page that the server does not say. Sentences about servers come from the server and are shown as they are.

export type Status = "ok" | "warn" | "crit" | "run" | "stale" | "pause" | "info";

export const statusWord: Record<Status, string> = {
  ok: "healthy",
  warn: "warning",
  crit: "critical",
  run: "recovering",
  stale: "not seen",
  pause: "downtime",
  info: "note",
};

/** The shape of a status as a letter, where no picture can stand. */
export const statusGlyph: Record<Status, string> = { ok: "●", warn: "▲", crit: "◆", run: "◔", stale: "◌", pause: "Ⅱ", info: "■" };

export const text = {
  unknown: "unknown",
  loading: "Reading",
  tryAgain: "Try again",
  close: "Close",
  cancel: "Cancel",
  undo: "Undo",
  asking: "asking …",
  copy: "Copy",
  copied: "Copied.",
  skip: "Skip to content",
  live: "Live",
  catchingUp: "Catching up",
  frozen: "Frozen",
  tryNow: "Try now",
  readOnly: "You can look, not change.",
  frozenActs: "The connection is lost: nothing can be changed until orchestrator answers.",
} as const;

/** What went wrong between the page and the service. */
export const problemText = {
  noAnswer: "No answer",
  doesNotAnswer: (why: string): string => `orchestrator does not answer: ${why}`,
  partMissing: "This part of the page cannot be loaded: orchestrator does not answer, or was upgraded since the page was opened.",
  saidBy: (node: string): string => `said by ${node}`,
} as const;

const whole = new Intl.NumberFormat("en");

/** A count with its thing: "1 server", "1,024 servers", "2 recoveries". */
export const plural = (n: number, thing: string): string => `${whole.format(n)} ${n === 1 ? thing : /[^aeiou]y$/.test(thing) ? thing.slice(0, -1) + "ies" : thing + "s"}`;

export const count = (n: number): string => whole.format(n);

const units = ["B", "kB", "MB", "GB", "TB"] as const;

/** The size of files. */
export function bytes(n: number): string {
  const unit = Math.min(units.length - 1, n < 1 ? 0 : Math.floor(Math.log10(n) / 3));
  const value = n / 1000 ** unit;
  return `${unit === 0 || value >= 100 ? whole.format(Math.round(value)) : value.toFixed(1)} ${units[unit]}`;
}

/** A length of time that was measured or estimated, in milliseconds. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return text.unknown;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(2)} s`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return span(ms / 1000);
}

/** A lag or an age, in seconds: two units at most. What is not known is not 0. */
export function span(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return text.unknown;
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return s % 60 === 0 ? `${s / 60} m` : `${Math.floor(s / 60)} m ${s % 60} s`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} m`;
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
}

/** The age of what is shown, in seconds: to a tenth below ten. */
export const age = (seconds: number): string => (seconds < 10 ? `${seconds.toFixed(1)} s` : span(seconds));

/** A moment: how long ago under an hour, the clock today, the date before. */
export function moment(at: string | null | undefined, now: number, utc = false): string {
  if (!at) return text.unknown;
  const then = new Date(at);
  const ago = (now - then.getTime()) / 1000;
  if (ago > -2 && ago < 3600) return `${span(ago)} ago`;
  const zone = utc ? { timeZone: "UTC" } : {};
  const clock = then.toLocaleTimeString("en-GB", zone);
  const day = (of: Date): string => of.toLocaleDateString("sv-SE", zone);
  return day(then) === day(new Date(now)) ? clock : `${day(then)} ${clock}`;
}

/** The same moment exactly, in UTC. */
export const exactly = (at: string | null | undefined): string => (at ? new Date(at).toISOString().replace("T", " ").replace("Z", " UTC") : text.unknown);

/** What ends a reason why nothing would be done, by its operation. Each shows a plan, or asks for the reason first. */
export const liftWords: Record<string, string> = {
  "enable-global-recoveries": "Turn automatic recovery on…",
  "enable-cluster-recoveries": "Turn it on for this cluster…",
  "ack-cluster-recoveries": "Acknowledge…",
  "end-downtime": "End the downtime…",
  "end-maintenance": "End the maintenance…",
};

/** The small dialogs about servers. */
export const dialogText = {
  begin: "Begin",
  extend: "Extend",
  endNow: "End it now",
  why: "Why",
  howLong: "How long",
  until: "until …",
  untilWhen: "Until when, in your time",
  withBelow: (n: number): string => `With all ${plural(n, "server")} below`,
  tagsOf: (servers: string): string => `Tags of ${servers}`,
  newTag: "New tag, as name or name=value",
  add: "Add",
  remove: (tag: string): string => `Remove ${tag}`,
  onSome: (n: number, all: number): string => `on ${n} of ${all}`,
  ruleOf: (servers: string): string => `Promotion rule of ${servers}`,
  ruleIs: (servers: string, rule: string): string => `Promotion rule of ${servers}: ${rule}.`,
  howWanted: "How much it is wanted as a primary",
  ruleExpires: "It holds for a limited time (CandidateInstanceExpireMinutes).",
  setRule: "Set the rule",
  moveBelow: (server: string): string => `Move ${server} below …`,
  notPossible: "not possible",
  refused: (why: string, rule: string): string => `${why}. Rule: ${rule}`,
  showPlan: "Show the plan",
} as const;

/** Downtime and maintenance: what they are called, and what they mean. */
export const holdText = {
  downtime: {
    title: (servers: string): string => `Downtime of ${servers}`,
    means: "Meanwhile failures of these servers start nothing.",
    begun: (servers: string): string => `Downtime of ${servers} has begun.`,
    ended: (servers: string): string => `Downtime of ${servers} has ended.`,
  },
  maintenance: {
    title: (servers: string): string => `Maintenance of ${servers}`,
    means: "Meanwhile nobody else operates on these servers.",
    begun: (servers: string): string => `Maintenance of ${servers} has begun.`,
    ended: (servers: string): string => `Maintenance of ${servers} has ended.`,
  },
} as const;

/** For how long, as the API has it and in words. */
export const holdLengths: [string, string][] = [["10m", "10 minutes"], ["1h", "1 hour"], ["4h", "4 hours"], ["24h", "24 hours"], ["7d", "7 days"]];

/** What the promotion rules mean. */
export const ruleText = { prefer: "It is promoted rather than others.", neutral: "As good as any.", prefer_not: "Only when nobody else can.", must_not: "Never." } as const;
