// The last hours of a cluster as a strip: where its lag and its moments stand. Pure.
import type { LagPoint } from "../api/types.ts";

export type Span = { from: number; to: number };

/** Where a moment stands in a span, from 0 to 1. */
export const placeOf = (at: number, { from, to }: Span): number => Math.min(1, Math.max(0, (at - from) / Math.max(1, to - from)));

/** The lag as an area in a box, in steps: each value holds until the next. What was not known is a gap. */
export function lagArea(points: readonly LagPoint[], span: Span, box: { width: number; height: number }): string {
  const most = Math.max(1, ...points.map((point) => point.seconds ?? 0));
  const x = (at: number): string => (placeOf(at, span) * box.width).toFixed(1);
  const parts = points.flatMap((point, n) => {
    if (!point.seconds) return [];
    const begin = x(Date.parse(point.at));
    const end = x(n + 1 < points.length ? Date.parse(points[n + 1]!.at) : span.to);
    const top = (box.height * (1 - Math.min(1, point.seconds / most))).toFixed(1);
    return [`M${begin} ${box.height}V${top}H${end}V${box.height}Z`];
  });
  return parts.join("");
}

/** The greatest lag of a strip, in seconds; null when none is known. */
export function mostLag(points: readonly LagPoint[]): number | null {
  const known = points.flatMap((point) => point.seconds ?? []);
  return known.length === 0 ? null : Math.max(...known);
}

/** The newest of the moments that is not after another one, else the oldest; undefined when there are none. */
export function momentAt(moments: readonly string[], at: number): string | undefined {
  const sorted = [...moments].sort();
  return sorted.findLast((moment) => Date.parse(moment) <= at) ?? sorted[0];
}

/** The moment before or after another one; after the newest it is now, which is undefined. */
export function momentBeside(moments: readonly string[], at: string | undefined, step: 1 | -1): string | undefined {
  const sorted = [...moments].sort();
  if (at === undefined) return step < 0 ? sorted.at(-1) : undefined;
  const next = sorted.indexOf(at) + step;
  return next < 0 ? sorted[0] : sorted[next];
}
