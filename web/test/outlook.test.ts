import assert from "node:assert/strict";
import { test } from "node:test";
import type { Compared, ForecastPoint } from "../src/api/types.ts";
import { kept, longest, pauseLine, stretches } from "../src/layout/outlook.ts";

const span = { from: Date.parse("2026-03-04T00:00:00Z"), to: Date.parse("2026-03-05T00:00:00Z") };
const point = (at: string, would: boolean, pause_ms: number): ForecastPoint => ({ at, would, pause_ms, risk: 0, sentence: "" });
const points = [point("2026-03-03T20:00:00Z", true, 200), point("2026-03-04T12:00:00Z", false, 0), point("2026-03-04T18:00:00Z", true, 400)];

test("each forecast holds until the next one, and the first from before the span", () => {
  const all = stretches(points, span);
  assert.deepEqual(all.map(({ from, width }) => [from, width]), [[0, 0.5], [0.5, 0.25], [0.75, 0.25]]);
  assert.equal(pauseLine(all, longest(points, []), { width: 100, height: 40 }), "M0.0 20.0H50.0M75.0 0.0H100.0");
});

test("a forecast is kept when it took no longer", () => {
  const done: Compared[] = [{ at: "", recovery: "a", foretold_ms: 300, took_ms: 200 }, { at: "", recovery: "b", foretold_ms: 300, took_ms: 500 }];
  assert.equal(kept(done), 1);
  assert.equal(longest(points, done), 500);
  assert.equal(longest([], []), 1);
});
