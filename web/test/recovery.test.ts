import assert from "node:assert/strict";
import { test } from "node:test";
import type { RecoveryDetail, Step } from "../src/api/types.ts";
import { listAddress } from "../src/model/oldaddress.ts";
import { fall, progress, ticks, withStep, instant } from "../src/waterfall/model.ts";
import { duration, moment, plural, span } from "../src/words/en.ts";
import { middle, servers, short } from "../src/words/names.ts";

const zero = Date.parse("2026-03-04T05:06:07Z");
const at = (ms: number): string => new Date(zero + ms).toISOString();

const step = (n: number, from: number | null, to: number | null, more: Partial<Step> = {}): Step => ({
  n, stage: n, phase: "gather", server: `s${n}`, action: "", verb: "v", why: "", may_fail: false, no_return: false, estimate_ms: null,
  state: to !== null ? "done" : from !== null ? "running" : "waiting", started: from === null ? null : at(from), ended: to === null ? null : at(to), took_ms: from !== null && to !== null ? to - from : null, ...more,
});

const recovery = (state: RecoveryDetail["state"], steps: Step[], back: number | null, ended: number | null) =>
  ({ started: at(0), ended: ended === null ? null : at(ended), state, steps, outage: { from: at(0), to: back === null ? null : at(back), took_ms: back, until: 2 } }) as const;

test("bars are the steps in milliseconds since the beginning, late ones after writes were back", () => {
  const is = fall(recovery("succeeded", [step(1, 10, 30), step(2, 30, 80, { phase: "promote" }), step(3, 80, 200, { phase: "repoint" })], 80, 250), zero + 99_999);
  assert.deepEqual(is.bars.map((bar) => [bar.from, bar.to, bar.late, bar.phase]), [[10, 30, false, "Gather"], [30, 80, false, "Promote"], [80, 200, true, "Re-point"]]);
  assert.deepEqual(is.outage, { from: 0, to: 80, took: 80, open: false });
  assert(is.end >= 250 && is.end < 300);
});

test("moments keep what is beyond a millisecond", () => {
  assert.equal(Math.round((instant("2026-03-04T05:06:07.189900Z") - instant("2026-03-04T05:06:07.000600Z")) * 1000), 189_300);
  assert.equal(instant("2026-03-04T05:06:07Z"), Date.parse("2026-03-04T05:06:07Z"));
  assert.equal(Number.isNaN(instant("")), true);
});

test("what runs grows to now, and what is to come stands where it is expected", () => {
  const is = fall(recovery("running", [step(1, 0, 10), step(2, 10, null), step(3, null, null, { estimate_ms: 40, stage: 3 }), step(4, null, null, { estimate_ms: 20, stage: 3 }), step(5, null, null, { stage: 4 })], null, null), zero + 60);
  assert.deepEqual(is.bars.map((bar) => [bar.from, bar.to, bar.expected]), [[0, 10, false], [10, 60, false], [60, 100, true], [60, 80, true], [100, 100, true]]);
  assert.deepEqual(is.outage, { from: 0, to: 60, took: 60, open: true });
});

test("a record without steps has no bars", () => {
  const is = fall({ started: null, ended: null, state: "failed", outage: null, steps: [] }, zero);
  assert.deepEqual([is.bars, is.outage], [[], null]);
  assert(is.end > 0);
});

test("what may fail and did is a warning", () => {
  const is = fall(recovery("succeeded", [step(1, 0, 1, { state: "failed", may_fail: true }), step(2, 1, 2, { state: "failed" })], 2, 2), zero);
  assert.deepEqual(is.bars.map((bar) => bar.status), ["warn", "crit"]);
});

test("the axis has few round numbers", () => {
  for (const end of [0.5, 7, 93, 680, 4321, 3_600_000]) {
    const marks = ticks(end);
    assert(marks.length >= 1 && marks.length <= 13 && marks[0] === 0 && marks.at(-1)! <= end, `${end}: ${marks}`);
  }
});

test("a step of the stream takes the place of the one that is known", () => {
  const steps = [step(1, 0, 1), step(2, null, null)];
  assert.equal(withStep(steps, step(2, 1, 5))![1]!.ended, at(5));
  assert.equal(withStep(steps, step(3, 1, 5)), null);
  assert.deepEqual(progress([step(1, 0, 1), step(2, 1, null)]).at, 2);
  assert.deepEqual(progress([step(1, 0, 1), step(2, 1, 3)]).at, 2);
});

test("old addresses of lists", () => {
  const none = { cluster: "", instance: "", id: "", page: 0 };
  const cases: [string, Partial<typeof none>][] = [
    ["audit-recovery", {}], ["audit-recovery/3", { page: 3 }], ["audit-recovery/cluster/db1:3306", { cluster: "db1:3306" }], ["audit-recovery/alias/orders/2", { cluster: "orders", page: 2 }],
    ["audit/instance/db1/3306", { instance: "db1:3306" }], ["audit/instance/db1/3306/1", { instance: "db1:3306", page: 1 }], ["audit-failure-detection/id/7", { id: "7" }],
    ["audit/instance/%3A%3A1/3306", { instance: "[::1]:3306" }], ["audit-recovery/alias/a%2Fb", { cluster: "a/b" }], ["audit-recovery/alias/100%", { cluster: "100%" }],
  ];
  for (const [path, want] of cases) assert.deepEqual(listAddress(path), { ...none, ...want }, path);
});

test("times and numbers in words", () => {
  assert.deepEqual([duration(null), duration(0), duration(318.4), duration(1234), duration(12_345), duration(75_000)], ["unknown", "0 ms", "318 ms", "1.23 s", "12.3 s", "1 m 15 s"]);
  assert.deepEqual([span(null), span(0), span(61), span(120), span(3700), span(90_000)], ["unknown", "0 s", "1 m 1 s", "2 m", "1 h 1 m", "1 d 1 h"]);
  assert.deepEqual([plural(1, "recovery"), plural(2, "recovery"), plural(1024, "key"), plural(0, "server")], ["1 recovery", "2 recoveries", "1,024 keys", "0 servers"]);
  assert.deepEqual([moment(at(0), zero + 41_000), moment(at(0), zero + 7_200_000, true), moment(at(0), zero + 90_000_000, true), moment(null, zero)], ["41 s ago", "05:06:07", "2026-03-04 05:06:07", "unknown"]);
});

test("names of servers", () => {
  assert.deepEqual([short("db1.example.net:3306", ".example.net"), short("db1:3307", undefined), short("[::1]:3306", undefined)], ["db1", "db1:3307", "[::1]"]);
  assert.equal(middle("very-long-name-of-a-server-eu-c-07"), "very-lon…er-eu-c-07");
  assert.deepEqual(servers("db1\n db2:3307, db3 ;db1 # the first one\nmysql://root@db4:3306/mysql\n"), ["db1", "db2:3307", "db3", "db4:3306"]);
});
