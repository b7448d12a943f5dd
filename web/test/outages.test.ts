import assert from "node:assert/strict";
import { test } from "node:test";
import type { Recovery } from "../src/api/types.ts";
import { heightOf, outageBars, shownAs, stripDays, stripSpan, sumOf, weeksOf } from "../src/layout/outages.ts";
import { stripText } from "../src/words/lists.ts";

const day = 86_400_000;
const now = Date.parse("2026-03-04T05:06:07Z");
const span = stripSpan(now);

const recovery = (ago: number, more: Partial<Recovery> = {}): Recovery => ({
  uid: `u${ago}`, id: 1, cluster: "a:1", alias: "orders", failed: "a:1", code: "DeadMaster", sentence: "", state: "succeeded", started: new Date(now - ago * day).toISOString(), ended: null,
  took_ms: 1, pause_ms: 400, lost: [], loss: null, participants: [], errors: [], kind: "automatic", node: "n", active: false, acknowledged: null, ...more,
});

test("an outage, a planned pause and a failed recovery are three things, and what concerned no writes is none", () => {
  assert.equal(shownAs(recovery(1)), "outage");
  assert.equal(shownAs(recovery(1, { kind: "asked" })), "outage");
  assert.equal(shownAs(recovery(1, { kind: "planned" })), "planned");
  assert.equal(shownAs(recovery(1, { state: "failed", pause_ms: null })), "failed");
  assert.equal(shownAs(recovery(1, { pause_ms: null })), undefined);
});

test("each bar stands where it was, and nothing outside the span is shown", () => {
  const bars = outageBars([recovery(0), recovery(45), recovery(120), recovery(10, { started: null })], span);
  assert.deepEqual(bars.map((bar) => bar.uid), ["u45", "u0"], "the oldest first");
  assert(Math.abs(bars[0]!.left - 0.5) < 0.01 && bars[1]!.left > 0.99, JSON.stringify(bars));
});

test("a longer pause is higher, ten times as long by as much more", () => {
  const heights = [1, 100, 1000, 10_000, 100_000, 900_000, 9_000_000].map(heightOf);
  assert.deepEqual([...heights].sort((a, b) => a - b), heights);
  assert(Math.abs(heights[3]! - heights[2]! - (heights[2]! - heights[1]!)) < 1e-9);
  assert(heights.every((height) => height >= 0.12 && height <= 1));
  assert.equal(heightOf(null), 1, "one that did not end");
});

test("the weeks cover the span without a gap", () => {
  const weeks = weeksOf(span);
  assert.equal(weeks.length, 13);
  assert.equal(weeks[0]!.from, span.from);
  assert.equal(weeks.at(-1)!.to, span.to);
  weeks.slice(1).forEach((week, n) => assert.equal(week.from, weeks[n]!.to));
  assert.equal(span.to - span.from, stripDays * day);
});

test("what they amount to is said in words", () => {
  assert.equal(stripText.says(sumOf([])), "no outage was repaired");
  assert.equal(stripText.says(sumOf([recovery(1), recovery(2, { pause_ms: 1600 }), recovery(3, { kind: "planned" }), recovery(4, { state: "failed", pause_ms: null })])),
    "2 outages, 2.00 s without writes in all, 1.60 s at most · 1 recovery failed · 1 planned switchover");
  assert.equal(stripText.says(sumOf([recovery(1)])), "1 outage, 400 ms without writes");
});
