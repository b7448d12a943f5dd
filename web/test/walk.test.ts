import assert from "node:assert/strict";
import { test } from "node:test";
import { ahead } from "../src/layout/future.ts";
import type { Box } from "../src/layout/place.ts";
import { detailOf, fit, meets, revealed, window, zoomed } from "../src/layout/view.ts";
import { allowedStep, reading, step } from "../src/layout/walk.ts";
import type { Step } from "../src/api/types.ts";
import { server } from "./fixture.ts";

const at = (x: number, y: number): Box => ({ x, y, w: 100, h: 50 });
const boxes = new Map([["a", at(0, 60)], ["b", at(200, 0)], ["c", at(200, 120)], ["d", at(400, 120)]]);
const children = new Map([["a", ["b", "c"]], ["c", ["d"]]]);

test("the keys lead up and down in a column, left to the source, right to a replica", () => {
  assert.equal(step("b", "ArrowDown", boxes, children), "c");
  assert.equal(step("c", "ArrowUp", boxes, children), "b");
  assert.equal(step("d", "ArrowLeft", boxes, children), "c");
  assert.equal(step("c", "ArrowRight", boxes, children), "d");
  assert.equal(step("a", "ArrowLeft", boxes, children), "a");
  assert.equal(step("d", "ArrowRight", boxes, children), "d");
  assert.equal(step("gone", "ArrowUp", boxes, children), "gone");
});

test("while something is moved, the keys lead to allowed targets alone, and around the end", () => {
  const order = reading(boxes);
  assert.deepEqual(order, ["b", "a", "c", "d"]);
  const allowed = (id: string): boolean => id === "b" || id === "d";
  assert.equal(allowedStep("b", "ArrowDown", order, allowed), "d");
  assert.equal(allowedStep("d", "ArrowDown", order, allowed), "b");
  assert.equal(allowedStep("b", "ArrowUp", order, allowed), "d");
  assert.equal(allowedStep("b", "ArrowUp", order, () => false), "b");
});

test("fitting never makes names unreadable; zooming keeps the point under the pointer", () => {
  const screen = { width: 800, height: 600 };
  assert.equal(fit({ width: 5000, height: 9000 }, screen).zoom, 0.62);
  assert.equal(fit({ width: 300, height: 100 }, screen).zoom, 1);
  const view = zoomed({ x: 10, y: 20, zoom: 1 }, 0.5, { x: 110, y: 120 });
  assert.deepEqual(view, { x: 60, y: 70, zoom: 0.5 });
  assert.equal(zoomed(view, 99, { x: 0, y: 0 }).zoom, 1.6);
  assert.deepEqual([detailOf(1), detailOf(0.4), detailOf(0.1)], ["cards", "names", "dots"]);
});

test("a card is brought into view by the shortest way", () => {
  const screen = { width: 400, height: 300 };
  const view = { x: 0, y: 0, zoom: 1 };
  assert.deepEqual(revealed(view, at(50, 50), screen), view);
  assert.deepEqual(revealed(view, at(500, 50), screen), { x: -220, y: 0, zoom: 1 });
  assert.deepEqual(revealed(view, at(0, 0), screen), { x: 20, y: 20, zoom: 1 });
});

test("cards exist in what is seen, and around it", () => {
  const screen = { width: 800, height: 600 };
  assert(meets(at(0, 0), window({ x: 0, y: 0, zoom: 1 }, screen)));
  assert(!meets(at(9000, 0), window({ x: 0, y: 0, zoom: 1 }, screen)));
  assert(meets(at(9000, 0), window({ x: -8600, y: 0, zoom: 1 }, screen)));
  assert.deepEqual(window({ x: -1, y: 0, zoom: 1 }, screen), window({ x: -90, y: -10, zoom: 1 }, screen), "a little way changes nothing");
});

const step1 = (of: string, verb: string, source?: string): Step =>
  ({ n: 1, stage: 1, phase: "", server: of, action: "", verb, why: "", may_fail: false, no_return: false, estimate_ms: null, state: "waiting", started: null, ended: null, took_ms: null, source }) as Step;

test("the tree ahead is what the steps of the plan say", () => {
  const servers = [server("a:1"), server("b:1", "a:1"), server("c:1", "a:1")];
  const moved = ahead(servers, "a:1", { steps: [step1("c:1", "move", "b:1")] }, (key) => key);
  assert.equal(moved.servers.find((one) => one.key === "c:1")!.source, "b:1");
  assert.deepEqual([...moved.was], [["c:1", "until now below a:1"]]);
  assert.equal(moved.primary, "a:1");
});

test("a takeover puts the successor in front and the old primary below it", () => {
  const servers = [server("a:1"), server("b:1", "a:1"), server("c:1", "a:1")];
  const steps = [step1("c:1", "move-below", "b:1"), step1("a:1", "close-primary"), step1("b:1", "set-writable"), step1("b:1", "forget-source"), step1("a:1", "become-replica", "b:1")];
  const { servers: next, primary, was } = ahead(servers, "a:1", { steps }, (key) => key);
  assert.deepEqual(next.map((one) => [one.key, one.source, one.role]), [["a:1", "b:1", "replica"], ["b:1", undefined, "primary"], ["c:1", "b:1", "replica"]]);
  assert.equal(primary, "b:1");
  assert.deepEqual(Object.fromEntries(was), { "a:1": "until now the primary", "b:1": "until now a replica", "c:1": "until now below a:1" });
});
