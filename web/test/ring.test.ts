import assert from "node:assert/strict";
import { test } from "node:test";
import { along, leaderFirst, ring, ringMost, ringSize, votes } from "../src/layout/ring.ts";

test("managers stand apart and inside the picture, and lengths are written apart", () => {
  for (let count = 2; count <= ringMost; count++) {
    const places = ring(count);
    assert.equal(places.length, count);
    const written = places.flatMap((a, n) => places.slice(0, n).map((b) => along(b, a)));
    for (const list of [places, written]) {
      for (const [n, a] of list.entries()) {
        assert.equal(a.x > 0 && a.x < ringSize.width && a.y > 20 && a.y < ringSize.height - 20, true);
        for (const b of list.slice(0, n)) assert.equal(Math.hypot(a.x - b.x, a.y - b.y) >= 30, true);
      }
    }
  }
});

test("one manager needs no picture, and five have a list", () => {
  assert.deepEqual([ring(0), ring(1), ring(ringMost + 1)], [[], [], []]);
});

test("the leader comes first, the others stay in order", () => {
  const all = ["a", "b", "c"].map((id) => ({ id, leader: id === "b" }));
  assert.deepEqual(leaderFirst(all).map((one) => one.id), ["b", "a", "c"]);
});

test("votes that are needed, to spare, and missing", () => {
  assert.deepEqual(votes({ all: 3, needed: 2, here: 3 }), ["need", "need", "spare"]);
  assert.deepEqual(votes({ all: 3, needed: 2, here: 2 }), ["need", "need", "gone"]);
  assert.deepEqual(votes({ all: 5, needed: 3, here: 1 }), ["need", "gone", "gone", "gone", "gone"]);
});
