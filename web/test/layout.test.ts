import assert from "node:assert/strict";
import { test } from "node:test";
import { elbow } from "../src/layout/edges.ts";
import { fold, foldId, readFolds, writeFolds } from "../src/layout/fold.ts";
import { below, byName, forest } from "../src/layout/forest.ts";
import { type Box, place } from "../src/layout/place.ts";
import type { Server } from "../src/api/types.ts";
import { anyCluster, chance, measures, server } from "./fixture.ts";

const none = readFolds(null);

function laid(servers: Server[], folds = none) {
  const trees = forest(servers);
  const folded = fold(trees, new Map(servers.map((one) => [one.key, one])), folds);
  return { trees, folded, ...place(trees, folded, measures) };
}

const over = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

test("no card over another, replicas right of their source, everybody is there", () => {
  for (let seed = 0; seed < 300; seed++) {
    const servers = anyCluster(seed);
    const { boxes, folded, trees, frames } = laid(servers);
    const list = [...boxes];
    for (let a = 0; a < list.length; a++) {
      for (let b = a + 1; b < list.length; b++) assert(!over(list[a]![1], list[b]![1]), `seed ${seed}: ${list[a]![0]} is over ${list[b]![0]}`);
    }
    for (const [id, children] of folded.children) {
      for (const child of children) assert(boxes.get(child)!.x >= boxes.get(id)!.x + measures.width, `seed ${seed}: ${child} is not right of ${id}`);
    }
    assert.deepEqual(new Set([...folded.items.values()].flatMap((item) => item.servers)), new Set(servers.map((one) => one.key)));
    assert.equal(trees.parts.reduce((sum, part) => sum + part.size, 0), servers.length);
    for (const frame of frames) {
      if (frame.part.kind !== "group") continue;
      for (const [id, box] of boxes) assert.equal(over(frame, box), frame.part.roots.includes(id), `seed ${seed}: ${id} and the frame of its group`);
    }
    for (const box of boxes.values()) assert(box.x >= 0 && box.y >= 0);
  }
});

test("the same servers stand at the same places, in whatever order they come", () => {
  for (let seed = 0; seed < 60; seed++) {
    const servers = anyCluster(seed);
    const once = laid(servers);
    assert.deepEqual([...laid([...servers].reverse()).boxes].sort(), [...once.boxes].sort());
  }
});

test("a patch that moves nobody moves no card", () => {
  const servers = anyCluster(7);
  const sick = servers.map((one, n) => (n % 4 === 0 ? { ...one, status: "crit" as const, lag_s: 90 } : one));
  assert.deepEqual(laid(sick).boxes, laid(servers).boxes);
});

test("a server that moves leaves the other columns where they are", () => {
  const servers = [server("a:1"), server("b:1", "a:1"), server("c:1", "a:1"), server("d:1", "b:1")];
  const moved = servers.map((one) => (one.key === "d:1" ? server("d:1", "c:1") : one));
  const [before, after] = [laid(servers).boxes, laid(moved).boxes];
  for (const key of ["a:1", "b:1", "c:1"]) assert.equal(after.get(key)!.x, before.get(key)!.x);
  assert(after.get("d:1")!.y > before.get("d:1")!.y);
});

test("seven childless replicas of a source in a site are one card; six are not", () => {
  const star = (n: number, site: string): Server[] => Array.from({ length: n }, (_, k) => server(`${site}-${k}:1`, "a:1", { site }));
  const { folded } = laid([server("a:1"), ...star(7, "x"), ...star(6, "y")]);
  assert.equal(folded.items.get(foldId("a:1", "x"))!.servers.length, 7);
  assert.equal(folded.at.get("x-3:1"), foldId("a:1", "x"));
  assert.equal(folded.items.has("y-3:1"), true);
  const opened = laid([server("a:1"), ...star(7, "x")], readFolds(foldId("a:1", "x"))).folded;
  assert.equal(opened.items.has(foldId("a:1", "x")), false, "what was opened stays open");
});

test("a shut sub-tree says how many are in it", () => {
  const servers = [server("a:1"), server("b:1", "a:1"), server("c:1", "b:1"), server("d:1", "c:1")];
  const { folded, boxes } = laid(servers, readFolds("~b:1"));
  assert.equal(folded.items.get("b:1")!.shut, 2);
  assert.equal(boxes.has("c:1"), false);
});

test("folds in the address come back as they were", () => {
  const folds = { opened: new Set(["b:1+x", "a:1+"]), shut: new Set(["c:1"]) };
  assert.equal(writeFolds(folds), "a:1+,b:1+x,~c:1");
  assert.deepEqual(readFolds(writeFolds(folds)), folds);
  assert.deepEqual(readFolds(""), none);
});

test("a ring of co-primaries is one part, the writer first", () => {
  const two = forest([server("b:1", "a:1", { read_only: false }), server("a:1", "b:1", { read_only: true }), server("c:1", "a:1")]);
  assert.deepEqual(two.parts.map((part) => [part.kind, part.roots, part.size]), [["ring", ["b:1", "a:1"], 3]]);
  const three = forest([server("a:1", "c:1", { read_only: false }), server("b:1", "a:1"), server("c:1", "b:1")]);
  assert.deepEqual(three.parts[0]!.roots, ["a:1", "b:1", "c:1"], "in the order of replication");
});

test("the members of a group stand together, whatever they replicate from", () => {
  const group = { name: "g", role: "", state: "", members: [], single_primary: true };
  const { parts, children } = forest([
    server("a:1", "b:1", { role: "group-secondary", group }), server("b:1", undefined, { role: "group-primary", group }), server("c:1", "a:1"),
  ]);
  assert.deepEqual(parts.map((part) => [part.kind, part.roots]), [["group", ["b:1", "a:1"]]]);
  assert.deepEqual(children.get("a:1"), ["c:1"]);
});

test("the primary's tree comes first; who has no known source stands apart", () => {
  const { parts } = forest([server("a:1", "gone:1"), server("b:1"), server("c:1", "b:1"), server("d:1", "d:1")], "b:1");
  assert.deepEqual(parts.map((part) => part.roots[0]), ["b:1", "a:1", "d:1"]);
});

test("all below a server, the nearest first", () => {
  const { children } = forest([server("a:1"), server("b:1", "a:1"), server("c:1", "b:1"), server("d:1", "a:1")]);
  assert.deepEqual(below("a:1", children), ["b:1", "d:1", "c:1"]);
});

test("edges begin at the source and end at the replica", () => {
  const box = (x: number, y: number): Box => ({ x, y, w: 100, h: 50 });
  assert.match(elbow(box(0, 0), box(200, 100)).trunk, /^M100 25H/);
  assert.match(elbow(box(0, 0), box(200, 100)).last, /H193$/);
  assert.equal(elbow(box(0, 0), box(200, 0)).trunk, "", "a straight one needs no trunk");
});

test("names are in the order in which people count", () => {
  const names = ["db-1", "db-2", "db-02", "db-10", "db-10-a", "db-10a", "db-11", "db-100", "db1", "db1.x", "dc", "한글"];
  for (let seed = 0; seed < 20; seed++) {
    const next = chance(seed);
    const mixed = [...names].sort(() => next(3) - 1);
    assert.deepEqual(mixed.sort(byName), ["db-1", "db-02", "db-2", "db-10", "db-10-a", "db-10a", "db-11", "db-100", "db1", "db1.x", "dc", "한글"]);
  }
  for (const a of names) for (const b of names) assert.equal(Math.sign(byName(a, b)), -Math.sign(byName(b, a)) + 0, `${a} and ${b}`);
});

/** The shortest of the times that it takes, in milliseconds: what else the machine does only adds to it. */
function takes(work: () => void): number {
  const each = Array.from({ length: 25 }, () => {
    const from = performance.now();
    work();
    return performance.now() - from;
  });
  return Math.min(...each);
}

test("what a picture costs grows with its servers, and not faster", () => {
  const star = (n: number): Server[] => Array.from({ length: n + 1 }, (_, i) => server(`db-${i}.example.com:3306`, i === 0 ? undefined : "db-0.example.com:3306", { site: `s${i % 3}` }));
  for (const folds of [none, readFolds(["s0", "s1", "s2"].map((site) => foldId("db-0.example.com:3306", site)).join(","))]) {
    const [few, many] = [star(500), star(4000)];
    laid(many, folds); // once to warm up
    const [one, eight] = [takes(() => laid(few, folds)), takes(() => laid(many, folds))];
    console.log(`the layout of 501 servers takes ${one.toFixed(2)} ms, of 4,001 ${eight.toFixed(2)} ms; the budget is 4 ms for 501`);
    assert(eight < one * 8 * 5, `${eight} ms for eight times as much as ${one} ms`);
  }
});
