// What the steps of a recovery on their line of time are called.
import { duration, plural } from "./en.ts";

export const phaseNames: Record<string, string> = {
  gather: "Gather", "catch-up": "Catch up", promote: "Promote", repoint: "Re-point", fence: "Fence", detach: "Detach", undo: "Undo", stop: "Stop", change: "Change", start: "Start",
};

/** A line of time. */
export const fallText = {
  steps: "Steps",
  part: "Which part of it",
  fitOutage: "Fit outage",
  fitAll: "Fit all",
  nearer: "Nearer",
  further: "Further away",
  earlier: "Earlier",
  later: "Later",
  drag: "Drag over the bars to look at a part.",
  noWrites: (ms: number): string => `no writes · ${duration(ms)}`,
  expected: "expected",
  about: (ms: number): string => `about ${duration(ms)}`,
  begins: (from: number, takes: string): string => `begins at ${duration(from)}, takes ${takes}`,
  needs: (what: string): string => `Needs: ${what}`,
  doneWhen: (what: string): string => `Done when: ${what}`,
  takenBackBy: (what: string): string => `Taken back by: ${what}`,
  noReturn: "From here on there is no way back by undoing.",
  /** All of it in a sentence; outage: null when writes were not concerned. */
  sum: (done: number, all: number, outage: { open: boolean; took: number } | null): string =>
    `${done} of ${all} steps are done${outage ? `, ${outage.open ? "no writes for" : "writes stopped for"} ${duration(outage.took)}` : ""}`,
} as const;

/** Who replicated from whom. */
export const treesText = {
  none: "What it began with is not on record: the record is of an older version.",
  beforeAndAfter: "Before and after",
  before: "Before",
  after: "After",
  moved: (n: number): string => `${plural(n, "server")} moved.`,
  notListed: (n: number): string => ` ${plural(n, "server")} more are not listed.`,
  fate: { failed: "failed", successor: "took over", lost: "could not follow", moved: "moved", same: "" },
} as const;
