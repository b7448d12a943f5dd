// What a recovery did, as bars on one line of time. Pure: the same steps at the same moment give the same bars.

import type { RecoveryDetail, Step } from "../api/types.ts";
import type { Status } from "../words/en.ts";
import { phaseNames } from "../words/fall.ts";

/** A step as a bar. Times are milliseconds since the beginning; null: it has none yet. */
export type Bar = {
  step: Step;
  /** The phase, where another one begins. */
  phase: string;
  status: Status;
  from: number | null;
  to: number | null;
  /** It has not begun: its place is where it is expected. */
  expected: boolean;
  /** It came after writes were back. */
  late: boolean;
};

export type Fall = {
  bars: Bar[];
  /** When nobody could write; null: writes were not concerned. */
  outage: { from: number; to: number; /** as the record has it, once it is over */ took: number; open: boolean } | null;
  /** The end of what is shown, in milliseconds. */
  end: number;
  /** Where the axis has its marks. */
  ticks: number[];
};

const statusOf: Record<Step["state"], Status> = { waiting: "stale", running: "run", done: "ok", failed: "crit", skipped: "pause", undone: "info" };

/** A step that may fail and did is a warning: the plan went on. */
export const stepStatus = (step: Step): Status => (step.state === "failed" && step.may_fail ? "warn" : statusOf[step.state]);

/** A moment of the API in milliseconds, with what it says beyond them: a bar is as long as the record says, not a millisecond less. */
export function instant(at: string): number {
  const fraction = /\.(\d+)/.exec(at)?.[1] ?? "";
  return Date.parse(at.replace(/\.\d+/, "")) + Number(`0.${fraction || "0"}`) * 1000;
}

/** The bars of a recovery at a moment, in milliseconds of the server's time. */
export function fall(is: Pick<RecoveryDetail, "started" | "ended" | "state" | "outage" | "steps">, now: number): Fall {
  const times = [is.started, is.outage?.from, ...is.steps.map((step) => step.started)].filter((at) => typeof at === "string").map(instant);
  const zero = times.length > 0 ? Math.min(...times) : now;
  const since = (at: string | null | undefined): number | null => (at ? Math.max(0, instant(at) - zero) : null);
  const running = is.state === "running";
  const present = Math.max(0, now - zero);
  const back = since(is.outage?.to);

  let phase = "";
  let next = present; // where the next expected step begins
  let stage = -1;
  let stageEnd = present;
  const bars = is.steps.map((step): Bar => {
    let from = since(step.started);
    let to = since(step.ended);
    const expected = from === null && running && step.state === "waiting";
    if (from !== null && to === null && step.state === "running") {
      to = Math.max(present, from);
      stageEnd = Math.max(stageEnd, from + (step.estimate_ms ?? 0));
    }
    if (expected) {
      if (step.stage !== stage) next = stageEnd;
      stage = step.stage;
      from = next;
      to = next + (step.estimate_ms ?? 0);
      stageEnd = Math.max(stageEnd, to);
    }
    const begins = step.phase !== phase;
    phase = step.phase;
    return { step, phase: begins ? (phaseNames[phase] ?? phase) : "", status: stepStatus(step), from, to, expected, late: back !== null && from !== null && from >= back };
  });

  const begin = since(is.outage?.from) ?? 0;
  const until = back ?? (running ? present : (since(is.ended) ?? present));
  const outage = is.outage ? { from: begin, to: until, took: is.outage.took_ms ?? until - begin, open: back === null } : null;
  const last = Math.max(1, running ? present : 0, outage?.to ?? 0, since(is.ended) ?? 0, ...bars.map((bar) => bar.to ?? bar.from ?? 0));
  const end = last * 1.08; // room for the number beside the last bar
  return { bars, outage, end, ticks: ticks(end) };
}

/** Round numbers, five to nine of them. */
export function ticks(end: number): number[] {
  const raw = end / 6;
  const power = 10 ** Math.floor(Math.log10(Math.max(raw, 1e-9)));
  const step = Math.max(1, [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) ?? 10 * power);
  return Array.from({ length: Math.floor(end / step) + 1 }, (_, n) => n * step).filter((at) => at <= end);
}

/** How far it is: the step that runs, or the last one that has ended. */
export function progress(steps: readonly Step[]): { at: number; of: number; step: Step | undefined } {
  const running = steps.find((step) => step.state === "running");
  const ended = steps.filter((step) => step.state !== "waiting" && step.state !== "running");
  const step = running ?? ended.at(-1);
  return { at: running ? ended.length + 1 : ended.length, of: steps.length, step };
}

/** The steps with one of them as it is now; null when it is of another plan. */
export function withStep(steps: readonly Step[], step: Step): Step[] | null {
  const at = steps.findIndex((one) => one.n === step.n && one.server === step.server && one.verb === step.verb);
  return at < 0 ? null : steps.map((one, i) => (i === at ? step : one));
}
