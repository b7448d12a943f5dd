import assert from "node:assert/strict";
import { test } from "node:test";
import type { GameDayWrites, WriteSpan } from "../src/api/types.ts";
import { writeGraph } from "../src/layout/writes.ts";

const zero = Date.parse("2026-03-04T05:06:07Z");
const at = (ms: number): string => new Date(zero + ms).toISOString();
const span = (server: string, state: WriteSpan["state"], from: number, to: number): WriteSpan => ({ server, state, from: at(from), to: at(to), asks: 1 });

const series = (spans: WriteSpan[], gaps: [number, number | null][], until: number): GameDayWrites => ({
  server: "a", sentence: "", began: at(-1000), struck: at(0), until: at(until), ended: null, every_ms: 20, commits: false, servers: ["a", "b"], left: 0, spans,
  gaps: gaps.map(([from, to]) => ({ from: at(from), to: to === null ? null : at(to), took_ms: to === null ? null : to - from })),
});

test("what is shown is the time around the moments without writes, and all numbers are those of the record", () => {
  const is = writeGraph(series([span("a", "open", -1000, 40), span("a", "silent", 60, 6000), span("b", "closed", -1000, 420), span("b", "open", 440, 6000)], [[40, 440]], 6000));
  assert.equal(is.took, 400);
  assert.deepEqual(is.lanes.map((lane) => lane.bars.map((bar) => [bar.from, bar.to])), [[[-1000, 40], [60, 6000]], [[-1000, 420], [440, 6000]]]);
  const [gap] = is.gaps;
  assert(gap && !gap.open && gap.width > .4 && gap.width < .8, JSON.stringify(gap));
  assert(is.blow !== null && is.blow > 0 && is.blow < gap.left);
  for (const bar of is.lanes.flatMap((lane) => lane.bars)) assert(bar.left >= 0 && bar.width >= 0 && bar.left + bar.width <= 1.000001, JSON.stringify(bar));
});

test("while nobody takes writes, that grows with what comes in", () => {
  const is = writeGraph(series([span("a", "open", -1000, 40), span("a", "silent", 60, 900), span("b", "closed", -1000, 900)], [[40, null]], 900));
  assert.deepEqual([is.gaps[0]?.open, is.gaps[0]?.took, is.took], [true, 860, 860]);
  assert(Math.abs(is.gaps[0]!.left + is.gaps[0]!.width - 1) < 1e-9);
});

test("without a moment without writes all of it is shown", () => {
  const is = writeGraph(series([span("a", "open", -1000, 3000)], [], 3000));
  assert.deepEqual([is.gaps, is.took, is.lanes[0]?.bars.map((bar) => [bar.left, bar.width])], [[], 0, [[0, 1]]]);
  assert(is.ticks.length > 2 && is.ticks[0]!.at === 0);
});

test("nothing has answered yet", () => {
  const is = writeGraph({ ...series([], [], 0), began: null, struck: null, until: null });
  assert.deepEqual([is.gaps, is.blow, is.lanes.map((lane) => lane.bars.length)], [[], null, [0, 0]]);
});
