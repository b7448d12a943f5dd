// The tiny tree of a cluster: where each of its servers stands in 92 × 36 pixels.

import type { Dot } from "../api/types.ts";

export const width = 92;
export const height = 36;

/** A dot; several that are fine and have no replicas of their own are one. */
export type Spot = { x: number; y: number; parent: number; status: Dot["status"]; many: number };

const foldFrom = 7;

type Node = { parent: number; status: Dot["status"]; many: number; depth: number };

/** Folds equal leaves, so that a server with forty replicas is as readable as one with three. */
function folded(tree: readonly Dot[]): Node[] {
  const hasReplicas = new Set(tree.map((dot) => dot.parent));
  const calm = (dot: Dot, at: number): boolean => dot.status === "ok" && dot.parent >= 0 && !hasReplicas.has(at);
  const count = new Map<number, number>();
  tree.forEach((dot, at) => calm(dot, at) && count.set(dot.parent, (count.get(dot.parent) ?? 0) + 1));
  const place: number[] = [];
  const done = new Set<number>();
  const nodes: Node[] = [];
  tree.forEach((dot, at) => {
    const many = calm(dot, at) ? (count.get(dot.parent) ?? 1) : 1;
    if (many >= foldFrom) {
      if (done.has(dot.parent)) return;
      done.add(dot.parent);
    }
    const parent = dot.parent < 0 ? -1 : (place[dot.parent] ?? -1);
    place[at] = nodes.length;
    nodes.push({ parent, status: dot.status, many: many >= foldFrom ? many : 1, depth: parent < 0 ? 0 : nodes[parent]!.depth + 1 });
  });
  return nodes;
}

/** The spots, each behind its source. */
export function spots(tree: readonly Dot[]): { spots: Spot[]; tiers: number } {
  const nodes = folded(tree);
  const replicas: number[][] = nodes.map(() => []);
  nodes.forEach((node, at) => node.parent >= 0 && replicas[node.parent]!.push(at));
  const row: number[] = [];
  let leaves = 0;
  // Replicas stand behind their source, so going backwards sees them first; the rows of leaves go by the order of the tree.
  const order: number[] = [];
  const stack = nodes.flatMap((node, at) => (node.parent < 0 ? [at] : [])).reverse();
  while (stack.length > 0) {
    const at = stack.pop()!;
    order.push(at);
    stack.push(...[...replicas[at]!].reverse());
  }
  for (const at of order) if (replicas[at]!.length === 0) row[at] = leaves++;
  for (const at of order.reverse()) {
    const below = replicas[at]!;
    if (below.length > 0) row[at] = (row[below[0]!]! + row[below.at(-1)!]!) / 2;
  }
  const tiers = Math.max(0, ...nodes.map((node) => node.depth)) + 1;
  const stepX = Math.min(38, (width - 12) / Math.max(tiers - 1, 1));
  const stepY = Math.min(9.5, (height - 7) / Math.max(leaves - 1, 1));
  const top = (height - (leaves - 1) * stepY) / 2;
  return {
    tiers,
    spots: nodes.map((node, at) => ({ x: round(6 + node.depth * stepX), y: round(top + row[at]! * stepY), parent: node.parent, status: node.status, many: node.many })),
  };
}

const round = (n: number): number => Math.round(n * 10) / 10;
