// How the forecast of a cluster has been, as a strip, and how good it was. Pure.
import type { Compared, ForecastPoint } from "../api/types.ts";
import { placeOf, type Span } from "./history.ts";

export type Stretch = { from: number; width: number; point: ForecastPoint };

/** The forecasts of a span as stretches of it, from 0 to 1: each holds until the next one. */
export function stretches(points: readonly ForecastPoint[], span: Span): Stretch[] {
  return points.map((point, n) => {
    const from = placeOf(Date.parse(point.at), span);
    const to = n + 1 < points.length ? placeOf(Date.parse(points[n + 1]!.at), span) : 1;
    return { from, width: to - from, point };
  });
}

/** The pauses foretold as a line in steps, in a box; where nothing would have been done there is none. */
export function pauseLine(of: readonly Stretch[], most: number, box: { width: number; height: number }): string {
  return of
    .filter(({ point }) => point.would)
    .map(({ from, width, point }) => `M${(from * box.width).toFixed(1)} ${(box.height * (1 - point.pause_ms / most)).toFixed(1)}H${((from + width) * box.width).toFixed(1)}`)
    .join("");
}

/** The greatest pause of a day, foretold or measured: the height of what is drawn. */
export const longest = (points: readonly ForecastPoint[], compared: readonly Compared[]): number =>
  Math.max(1, ...points.map((one) => one.pause_ms), ...compared.flatMap((one) => [one.foretold_ms, one.took_ms]));

/** How many took no longer than had been foretold. */
export const kept = (compared: readonly Compared[]): number => compared.filter((one) => one.took_ms <= one.foretold_ms).length;
