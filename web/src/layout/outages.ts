// The outages of the last weeks as a strip: where each stands, and how high. Pure.
import type { Recovery } from "../api/types.ts";
import { placeOf, type Span } from "./history.ts";

const day = 86_400_000;

/** How far back the strip goes. */
export const stripDays = 90;

export type OutageBar = { uid: string; left: number; height: number; is: "outage" | "planned" | "failed" };

/** What is shown of a recovery; undefined where writes were not concerned. */
export function shownAs(of: Recovery): OutageBar["is"] | undefined {
  if (of.state === "failed") return "failed";
  if (of.pause_ms === null) return undefined;
  return of.kind === "planned" ? "planned" : "outage";
}

/** The height of a pause, from 0 to 1: each ten times as long is as much higher, from 100 ms to a quarter of an hour. */
export function heightOf(ms: number | null): number {
  if (ms === null) return 1;
  const [least, most] = [Math.log10(100), Math.log10(900_000)];
  return Math.min(1, Math.max(0.12, 0.12 + (0.88 * (Math.log10(Math.max(1, ms)) - least)) / (most - least)));
}

/** A bar for each outage of the span, the oldest first. */
export function outageBars(list: readonly Recovery[], span: Span): OutageBar[] {
  return list.flatMap((one) => {
    const is = shownAs(one);
    const at = Date.parse(one.started ?? "");
    return is && at >= span.from && at <= span.to ? [{ uid: one.uid, left: placeOf(at, span), height: heightOf(one.pause_ms), is }] : [];
  }).sort((a, b) => a.left - b.left);
}

/** The weeks of the span, counted from its end; the first one may be shorter. */
export function weeksOf(span: Span): Span[] {
  const weeks: Span[] = [];
  for (let to = span.to; to > span.from; to -= 7 * day) weeks.unshift({ from: Math.max(span.from, to - 7 * day), to });
  return weeks;
}

/** The strip ends with the present hour, so that it stands still while it is looked at. */
export function stripSpan(now: number): Span {
  const to = Math.ceil(now / 3_600_000) * 3_600_000;
  return { from: to - stripDays * day, to };
}

export type OutageSum = { outages: number; failed: number; planned: number; all: number; longest: number };

/** What the outages amount to. */
export function sumOf(list: readonly Recovery[]): OutageSum {
  const sum: OutageSum = { outages: 0, failed: 0, planned: 0, all: 0, longest: 0 };
  for (const one of list) {
    switch (shownAs(one)) {
      case "failed":
        sum.failed++;
        break;
      case "planned":
        sum.planned++;
        break;
      case "outage":
        sum.outages++;
        sum.all += one.pause_ms ?? 0;
        sum.longest = Math.max(sum.longest, one.pause_ms ?? 0);
    }
  }
  return sum;
}
