import assert from "node:assert/strict";
import { test } from "node:test";
import { elbow } from "../src/layout/edges.ts";
import { fold, foldId, readFolds, writeFolds } from "../src/layout/fold.ts";
import { below, forest } from "../src/layout/forest.ts";
import { type Box, place } from "../src/layout/place.ts";
import type { Server } from "../src/api/types.ts";
import { anyCluster, measures, server } from "./fixture.ts";

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
  const group = { name: "g", role: "", state: "", members: [] };
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

test("500 servers are laid out within a frame", () => {
  const servers = [server("p:1"), ...Array.from({ length: 10 }, (_, n) => server(`m${n}:1`, "p:1"))];
  for (let n = 0; n < 490; n++) servers.push(server(`r${n}:1`, `m${n % 10}:1`, { site: `s${n % 90}` }));
  laid(servers);
  const began = performance.now();
  for (let n = 0; n < 20; n++) laid(servers);
  const each = (performance.now() - began) / 20;
  assert(each < 250, `${each} ms: that is no matter of a loaded machine any more`);
  console.log(`layout of ${servers.length} servers: ${each.toFixed(2)} ms`);
});
