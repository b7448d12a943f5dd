import assert from "node:assert/strict";
import { test } from "node:test";
import { lagArea, momentAt, momentBeside, mostLag, placeOf } from "../src/layout/history.ts";

const at = (hour: number): string => new Date(Date.UTC(2030, 0, 1, hour)).toISOString();
const span = { from: Date.parse(at(0)), to: Date.parse(at(10)) };

test("a moment stands where it was, and never outside", () => {
  assert.deepEqual([placeOf(Date.parse(at(5)), span), placeOf(0, span), placeOf(Infinity, span)], [0.5, 0, 1]);
});

test("lag is drawn in steps; what is 0 or was not known is no area", () => {
  const points = [{ at: at(0), seconds: 0 }, { at: at(2), seconds: 10 }, { at: at(4), seconds: null }, { at: at(5), seconds: 5 }];
  assert.equal(lagArea(points, span, { width: 100, height: 20 }), "M20.0 20V0.0H40.0V20ZM50.0 20V10.0H100.0V20Z");
  assert.equal(mostLag(points), 10);
  assert.equal(mostLag([{ at: at(0), seconds: null }]), null);
  assert.equal(lagArea([], span, { width: 100, height: 20 }), "");
});

test("the handle stands at moments that were written down, and beyond the newest it is now", () => {
  const moments = [at(6), at(2), at(4)];
  assert.deepEqual([momentAt(moments, Date.parse(at(5))), momentAt(moments, Date.parse(at(1))), momentAt([], 0)], [at(4), at(2), undefined]);
  assert.deepEqual([momentBeside(moments, undefined, -1), momentBeside(moments, at(4), -1), momentBeside(moments, at(2), -1)], [at(6), at(2), at(2)]);
  assert.deepEqual([momentBeside(moments, at(4), 1), momentBeside(moments, at(6), 1), momentBeside(moments, undefined, 1)], [at(6), undefined, undefined]);
});
