import assert from "node:assert/strict";
import { test } from "node:test";
import type { HeldLane, HeldRun, HeldSource } from "../src/api/types.ts";
import { axisOf, countOf, lanesShown, piecesOf } from "../src/layout/lanes.ts";

const lane = (server: string, lacks: number, ...runs: [HeldRun["kind"], number, number][]): HeldLane => ({ server, lacks, runs: runs.map(([kind, first, last]) => ({ kind, first, last })) });
const source = (...lanes: HeldLane[]): HeldSource => ({ name: "u", count: 0, lanes });
const most = 48_201_377;

test("the axis shows the newest numbers, as many as show all differences", () => {
  const lagging = source(lane("a", 0, ["purged", 1, 40_000_000], ["logged", 40_000_001, most]), lane("b", 700, ["logged", 1, most - 700], ["missing", most - 699, most]));
  const axis = axisOf(lagging);
  assert.deepEqual(axis, { from: most - 999, to: most });
  assert.deepEqual(piecesOf(lagging.lanes[0]!, axis).map((one) => [one.kind, one.from, one.width]), [["logged", 0, 1]]);
  assert.deepEqual(piecesOf(lagging.lanes[1]!, axis).map((one) => [one.kind, one.from, one.width]), [["logged", 0, 0.3], ["missing", 0.3, 0.7]]);
});

test("without differences it begins before what is purged, and else with the first", () => {
  assert.deepEqual(axisOf(source(lane("a", 0, ["purged", 1, 60], ["logged", 61, 100]))), { from: 51, to: 100 });
  assert.deepEqual(axisOf(source(lane("a", 0, ["logged", 1, 100]))), { from: 1, to: 100 });
  assert.deepEqual(axisOf(source(lane("a", 0, ["errant", 3, 3]))), { from: 1, to: 3 });
  assert.deepEqual(axisOf(source(lane("a", 0))), { from: 1, to: 1 });
});

test("no piece leaves the axis, and no two overlap", () => {
  const gapped = lane("a", 40, ["logged", 1, 90], ["missing", 91, 110], ["logged", 111, 150], ["errant", 151, 152], ["missing", 153, 172], ["logged", 173, 300]);
  let end = 0;
  for (const one of piecesOf(gapped, axisOf(source(gapped)))) {
    assert.equal(one.from >= end - 1e-9 && one.width > 0, true, JSON.stringify(one));
    end = one.from + one.width;
  }
  assert.equal(Math.abs(end - 1) < 1e-9, true);
  assert.equal(countOf(gapped, "missing"), 40);
});

test("of many lanes those that differ are drawn, and the rest is counted", () => {
  const all = Array.from({ length: 20 }, (_, n) => lane(`s${n}`, n === 17 ? 3 : 0, ...(n < 15 ? [["logged", 1, 9] as [HeldRun["kind"], number, number]] : [])));
  const { shown, whole, without } = lanesShown(all, 5);
  assert.deepEqual(shown.map((one) => one.server), ["s0", "s1", "s2", "s3", "s17"]);
  assert.deepEqual([whole, without], [11, 4]);
});
