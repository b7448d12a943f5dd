// Whether servers would have taken a write, as bars on one line of time. Pure: the same answers give the same bars.

import type { GameDayWrites, WriteSpan } from "../api/types.ts";
import { instant, ticks } from "../waterfall/model.ts";

/** A bar. Where and how wide are parts of the whole; from and to are milliseconds since the blow. */
export type WriteBar = { span: WriteSpan; left: number; width: number; from: number; to: number };

export type WriteGraph = {
  lanes: { server: string; bars: WriteBar[] }[];
  /** When nobody took writes; open: nobody does yet. */
  gaps: { left: number; width: number; from: number; took: number; open: boolean }[];
  ticks: { left: number; at: number }[];
  /** Where the server was ordered to end; null: not yet, or out of sight. */
  blow: number | null;
  /** How long nobody took writes in all, in milliseconds. */
  took: number;
};

const beside = 150; // ms at least that are shown on both sides of what matters

/** Shows the time around the moments when nobody took writes; all of it when there were none. */
export function writeGraph(is: GameDayWrites): WriteGraph {
  const zero = instant(is.struck ?? is.began ?? "");
  const since = (at: string | null): number => (at ? instant(at) - zero : 0);
  const [first, until] = [since(is.began), since(is.until ?? is.began)];
  const seen = is.gaps.map((gap) => ({ from: since(gap.from), to: gap.to ? since(gap.to) : until, took: gap.took_ms, open: !gap.to }));
  let [begin, end] = [first, Math.max(until, first + 1)];
  if (seen.length > 0) {
    const whole = seen.at(-1)!.to - seen[0]!.from;
    const margin = Math.max(beside, whole * .4);
    begin = Math.max(first, Math.min(seen[0]!.from, 0) - margin);
    end = Math.max(begin + 1, Math.min(end, seen.at(-1)!.to + margin));
  }
  const place = (at: number): number => (Math.min(Math.max(at, begin), end) - begin) / (end - begin);
  const lanes = is.servers.map((server) => ({
    server,
    bars: is.spans
      .filter((span) => span.server === server && since(span.to) >= begin && since(span.from) <= end)
      .map((span): WriteBar => ({ span, from: since(span.from), to: since(span.to), left: place(since(span.from)), width: place(since(span.to)) - place(since(span.from)) })),
  }));
  const gaps = seen.map((gap) => ({ left: place(gap.from), width: place(gap.to) - place(gap.from), from: gap.from, took: gap.took ?? gap.to - gap.from, open: gap.open }));
  const marks = ticks(end - Math.min(0, begin)).filter((at) => at <= end);
  return {
    lanes, gaps, ticks: marks.filter((at) => at >= begin).map((at) => ({ at, left: place(at) })),
    blow: is.struck && begin <= 0 && end >= 0 ? place(0) : null, took: gaps.reduce((sum, gap) => sum + gap.took, 0),
  };
}
