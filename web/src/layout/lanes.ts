// Who has which transactions, as lanes on a shared axis. Pure.
import type { HeldLane, HeldRun, HeldSource } from "../api/types.ts";

/** The numbers of transactions that are drawn, both ends included. */
export type Axis = { from: number; to: number };

/** A run within the axis, from 0 to 1. */
export type Piece = { kind: HeldRun["kind"]; from: number; width: number; run: HeldRun };

const fewest = 10; // numbers on an axis: a single transaction is not the whole of it

/** The newest numbers, as many as show all differences between the servers; all of them when they do not differ. */
export function axisOf(source: HeldSource): Axis {
  const runs = source.lanes.flatMap((lane) => lane.runs);
  const to = Math.max(1, ...runs.map((run) => run.last));
  const differing = runs.filter((run) => run.kind === "missing" || run.kind === "errant").map((run) => run.first);
  const purged = runs.filter((run) => run.kind === "purged").map((run) => run.last);
  const oldest = differing.length > 0 ? Math.min(...differing) : purged.length > 0 ? Math.min(...purged) : 1;
  return { from: Math.max(1, to - rounded(Math.max(fewest, (to - oldest + 1) * 1.2)) + 1), to };
}

/** The next number of the form 1, 2 or 5 with zeroes. */
function rounded(n: number): number {
  const power = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 5, 10].find((step) => step * power >= n)! * power;
}

/** The runs of a lane where they stand on the axis; what is older than it is left out. */
export const piecesOf = (lane: HeldLane, { from, to }: Axis): Piece[] =>
  lane.runs
    .filter((run) => run.last >= from)
    .map((run) => {
      const first = Math.max(run.first, from);
      const all = to - from + 1;
      return { kind: run.kind, from: (first - from) / all, width: (run.last - first + 1) / all, run };
    });

/** How many transactions of a kind a lane has. */
export const countOf = (lane: HeldLane, kind: HeldRun["kind"]): number => lane.runs.reduce((sum, run) => sum + (run.kind === kind ? run.last - run.first + 1 : 0), 0);

/** Whether a lane is not like that of a server which has everything, and nothing of its own. */
export const stands = (lane: HeldLane): boolean => lane.lacks > 0 || lane.runs.some((run) => run.kind === "errant");

/** Of many lanes those that are drawn, in their order: those that differ first of all. The rest have all alike, or nothing. */
export function lanesShown(lanes: readonly HeldLane[], most: number): { shown: HeldLane[]; whole: number; without: number } {
  const wanted = new Set([...lanes].sort((a, b) => Number(stands(b)) - Number(stands(a))).slice(0, most));
  const rest = lanes.filter((lane) => !wanted.has(lane));
  const without = rest.filter((lane) => lane.runs.length === 0).length;
  return { shown: lanes.filter((lane) => wanted.has(lane)), whole: rest.length - without, without };
}
