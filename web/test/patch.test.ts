import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster, Event, Plan } from "../src/api/types.ts";
import { differences, planAfter, took } from "../src/plan/patch.ts";
import { server } from "./fixture.ts";
import { leftBehind, patched, steadyName } from "../src/model/patch.ts";

const cluster = { name: "a:1", alias: "orders", revision: "1", members: [server("a:1"), server("b:1", "a:1")], findings: [], plans: [], status: "ok", forecast: null } as unknown as Cluster;
const event = (more: Partial<Event>): Event => ({ at: null, topics: [], cluster: "a:1", from: "1", to: "1", ...more });

test("a patch changes the servers it names, and leaves the others the very same", () => {
  const next = patched(cluster, "patch", event({ members: [server("b:1", "a:1", { lag_s: 9 })] })) as Cluster;
  assert.equal(next.members[0], cluster.members[0]);
  assert.equal(next.members[1]!.lag_s, 9);
  assert.equal(cluster.members[1]!.lag_s, 0, "what was is not touched");
});

test("servers come and go", () => {
  const next = patched(cluster, "patch", event({ members: [server("c:1", "a:1")], gone: ["b:1"], to: "2", row: { revision: "2" } as never })) as Cluster;
  assert.deepEqual(next.members.map((one) => one.key), ["a:1", "c:1"]);
  assert.equal(next.revision, "2");
});

test("a patch that rests on what was not told asks for the cluster anew", () => {
  const members = [server("b:1", "a:1")];
  assert.equal(patched(cluster, "patch", event({ members, from: "7", to: "8" })), "reload");
  assert.equal(patched(cluster, "patch", event({ members, from: "0", to: "1" })) === "reload", false, "what was read already");
  assert.equal(patched(cluster, "patch", event({ members, from: "", to: "9" })) === "reload", false, "one that tells all");
  assert.equal(patched(cluster, "notice", event({ what: "cluster-gone" })), "reload");
  assert.equal(patched(cluster, "notice", event({ what: "held" })), "reload", "what blocks a recovery is no part of a patch");
  assert.equal(patched(cluster, "audit", event({ audit: { kind: "ack-recovery" } as never })), "reload");
});

test("the page goes on with a cluster, not with the lost primary that is left under its name", () => {
  const plain = { ...cluster, alias: "a:1" };
  const lone = { members: [server("a:1")], gone: ["b:1"] };
  assert.equal(steadyName("a:1", cluster, "b:1"), "orders");
  assert.equal(steadyName("a:1", plain, "b:1"), "b:1");
  assert.equal(steadyName("a:1", null, undefined), "a:1");
  const after = patched(cluster, "patch", event({ ...lone, row: { alias: "a:1" } as never })) as Cluster;
  assert.equal(leftBehind(cluster, after, undefined), true, "the alias has gone elsewhere");
  const unnamed = patched(plain, "patch", event(lone)) as Cluster;
  assert.equal(leftBehind(plain, unnamed, "b:1"), true, "who was promoted has gone");
  assert.equal(leftBehind(plain, unnamed, undefined), false, "a replica was moved away");
  assert.equal(leftBehind(plain, plain, "b:1"), false, "it was promoted, and is still here");
});

test("what is about another cluster changes nothing", () => {
  assert.equal(patched(cluster, "patch", event({ cluster: "z:1", gone: ["b:1"] })), cluster);
  assert.equal(patched(cluster, "audit", event({})), cluster);
});

test("plans that run are listed until they end", () => {
  const run = { id: "p", state: "running" } as Plan;
  const during = patched(cluster, "plan", event({ plan: run })) as Cluster;
  assert.deepEqual(during.plans.map((plan) => plan.id), ["p"]);
  assert.deepEqual((patched(during, "plan", event({ plan: { ...run, state: "done" } })) as Cluster).plans, []);
});

const plan = {
  id: "p", title: "b goes below c", state: "planned", checks: [{ rule: "lag", ok: true, text: "b lags 0 s" }], steps: [{ n: 1, server: "b:1", action: "replicate from c:1", verb: "move", state: "waiting" }],
  warnings: [], lost: [], risk: "", started: null, ended: null,
} as unknown as Plan;

test("a step that has begun is shown, and what ended stays so", () => {
  const step = { ...plan.steps[0]!, state: "running" as const };
  const next = planAfter(plan, "step", event({ topics: ["plan:p"], step }));
  assert.deepEqual([next.state, next.steps[0]!.state], ["running", "running"]);
  const back = planAfter(next, "step", event({ topics: ["plan:p"], step: { ...step, n: 2, verb: "start-replica", state: "done" } }));
  assert.deepEqual([back.steps.length, back.steps_done], [2, 1], "a step that was not planned comes after the others");
  assert.equal(planAfter(plan, "step", event({ topics: ["plan:other"], step })), plan);
  const done = planAfter(next, "plan", event({ plan: { ...plan, state: "done", steps: [{ ...step, state: "done" }] } }));
  assert.equal(done.state, "done");
  assert.equal(planAfter(done, "plan", event({ plan: { ...plan, state: "running" } })), done);
  assert.equal(planAfter(plan, "plan", event({ plan: { ...plan, id: "other" } })), plan);
});

test("what differs from the plan before is said", () => {
  assert.deepEqual(differences(plan, plan), []);
  const moved = { ...plan, checks: [{ rule: "lag", ok: false, text: "b lags 12 s, the limit is 10 s" }], steps: [{ ...plan.steps[0]!, action: "replicate from d:1" }], warnings: ["w"], risk: "r" };
  assert.deepEqual(differences(plan, moved), ["b lags 12 s, the limit is 10 s", "New: b:1: replicate from d:1", "Not any more: b:1: replicate from c:1", "w", "r"]);
  assert.equal(took({ ...plan, started: "2026-01-01T00:00:00Z", ended: "2026-01-01T00:00:01.4Z" }), "1.40 s");
});
