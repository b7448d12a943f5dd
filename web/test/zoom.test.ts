import assert from "node:assert/strict";
import { test } from "node:test";
import { aroundOutage, between, marks, moved, named, type Part, partOf, place, scaled, seen } from "../src/waterfall/zoom.ts";

const all: Part = { from: 0, to: 1000 };

test("an address names a part, and what is no part is all of it", () => {
  assert.deepEqual(partOf("120-380.5", 1000), { from: 120, to: 380.5 });
  assert.deepEqual(partOf("900-5000", 1000), { from: 900, to: 1000 });
  for (const text of [null, "", "all", "380-120", "5-5", "2000-3000", "-5-10"]) assert.deepEqual(partOf(text, 1000), all, String(text));
  for (const part of [{ from: 0, to: 500 }, { from: 12.34, to: 1000 }]) assert.deepEqual(partOf(named(part, 1000) ?? null, 1000), part);
  assert.equal(named(all, 1000), undefined);
});

test("the outage is shown with a little around it, and never more than there is", () => {
  assert.deepEqual(aroundOutage({ outage: { from: 100, to: 300, took: 200, open: false }, end: 1000 }), { from: 84, to: 316 });
  assert.deepEqual(aroundOutage({ outage: { from: 0, to: 1000, took: 1000, open: true }, end: 1000 }), all);
  assert.equal(aroundOutage({ outage: null, end: 1000 }), null);
});

test("dragging chooses what lies between, in either direction", () => {
  assert.deepEqual(between(all, .5, .25), { from: 250, to: 500 });
  assert.deepEqual(between({ from: 200, to: 400 }, .5, 2), { from: 300, to: 400 });
  assert.equal(between(all, .5, .5), null);
});

test("nearer, further and sideways stay within the recovery", () => {
  assert.deepEqual(scaled({ from: 400, to: 600 }, .5, 1000), { from: 450, to: 550 });
  assert.deepEqual(scaled({ from: 0, to: 600 }, 2, 1000), { from: 0, to: 900 });
  assert.deepEqual(moved({ from: 100, to: 300 }, .5, 1000), { from: 200, to: 400 });
  assert.deepEqual(moved({ from: 100, to: 300 }, -2, 1000), { from: 0, to: 200 });
  assert.deepEqual(moved({ from: 700, to: 900 }, 2, 1000), { from: 800, to: 1000 });
});

test("moments outside stand at the edge, and are not seen", () => {
  const part = { from: 200, to: 400 };
  assert.deepEqual([100, 200, 250, 400, 900].map((at) => place(at, part)), [0, 0, 25, 100, 100]);
  assert.deepEqual([seen(0, 100, part), seen(100, 200, part), seen(250, 900, part), seen(401, 500, part)], [false, true, true, false]);
});

test("the axis of a part has round marks inside it", () => {
  for (const part of [all, { from: 84, to: 316 }, { from: 12.3, to: 13.1 }, { from: 3_000_000, to: 3_600_000 }]) {
    const list = marks(part);
    assert(list.length >= 1 && list.length <= 13 && list[0]! >= part.from && list.at(-1)! <= part.to, `${part.from} to ${part.to}: ${list}`);
  }
});
