// Which part of the line of time is shown. Pure: an address and a recovery give the same part each time.

import { type Fall, ticks } from "./model.ts";

/** A part of the line of time, in milliseconds since its beginning. */
export type Part = { from: number; to: number };

/** What is shown, as the address names it: "from-to" in milliseconds; all of it where it names nothing that there is. */
export function partOf(text: string | null, end: number): Part {
  const [, from, to] = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text ?? "") ?? [];
  const part = { from: Number(from), to: Math.min(Number(to), end) };
  return part.to - part.from >= least ? part : { from: 0, to: end };
}

/** As the address names it; nothing for all of it. */
export const named = (part: Part, end: number): string | undefined =>
  part.from <= 0 && part.to >= end ? undefined : `${round(part.from)}-${round(part.to)}`;

const round = (ms: number): number => Math.round(ms * 100) / 100;

/** Less than this is nothing to look at, in milliseconds. */
const least = 0.5;

/** The time without writes, with a little around it; null where writes were not concerned. */
export function aroundOutage({ outage, end }: Pick<Fall, "outage" | "end">): Part | null {
  if (!outage || outage.to - outage.from < least) return null;
  const room = (outage.to - outage.from) * 0.08;
  return within({ from: outage.from - room, to: outage.to + room }, end);
}

/** The part between two places, each from 0 (left) to 1; null where they are so near that nobody meant it. */
export function between(part: Part, a: number, b: number): Part | null {
  const length = part.to - part.from;
  const [from, to] = [Math.max(0, Math.min(a, b)), Math.min(1, Math.max(a, b))];
  const next = { from: part.from + from * length, to: part.from + to * length };
  return next.to - next.from >= least ? next : null;
}

/** A part around the same middle: half as long for 0.5. */
export function scaled(part: Part, by: number, end: number): Part {
  const middle = (part.from + part.to) / 2;
  const half = Math.max(least, (part.to - part.from) * by) / 2;
  return within({ from: middle - half, to: middle + half }, end);
}

/** The same length, further on by a part of it; before for less than 0. */
export function moved(part: Part, by: number, end: number): Part {
  const length = part.to - part.from;
  const from = Math.min(Math.max(0, part.from + by * length), Math.max(0, end - length));
  return { from, to: Math.min(end, from + length) };
}

const within = ({ from, to }: Part, end: number): Part => ({ from: Math.max(0, from), to: Math.min(end, to) });

/** Where a moment stands, from 0 to 100; what is outside stands at the edge. */
export const place = (at: number, { from, to }: Part): number => Math.min(100, Math.max(0, ((at - from) / (to - from)) * 100));

/** Whether something that lasts from one moment to another is to be seen. */
export const seen = (from: number, to: number, part: Part): boolean => to >= part.from && from <= part.to;

/** Where the axis of a part has its marks: round numbers. */
export function marks(part: Part): number[] {
  const all = ticks(part.to - part.from);
  const step = all[1] ?? part.to;
  const first = Math.ceil(part.from / step) * step;
  return Array.from({ length: Math.floor((part.to - first) / step) + 1 }, (_, n) => first + n * step);
}
