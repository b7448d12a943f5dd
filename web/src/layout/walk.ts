// Walking through the tree with the keys, by where the cards stand.
import { byName } from "./forest.ts";
import type { Box } from "./place.ts";

export type Way = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight";

export const ways: Record<Way, true> = { ArrowUp: true, ArrowDown: true, ArrowLeft: true, ArrowRight: true };

/** The cards in the order in which one reads them: from top to bottom, from left to right. */
export function reading(boxes: ReadonlyMap<string, Box>): string[] {
  return [...boxes.keys()].sort((a, b) => {
    const p = boxes.get(a)!;
    const q = boxes.get(b)!;
    return p.y + p.h / 2 - (q.y + q.h / 2) || p.x - q.x || byName(a, b);
  });
}

/** Where a key leads: up and down in the same column, left to the source, right to the nearest replica. Itself when nowhere. */
export function step(from: string, way: Way, boxes: ReadonlyMap<string, Box>, children: ReadonlyMap<string, readonly string[]>): string {
  const box = boxes.get(from);
  if (!box) return from;
  if (way === "ArrowLeft") {
    for (const [id, list] of children) if (list.includes(from)) return id;
    return from;
  }
  const y = (id: string): number => boxes.get(id)!.y + boxes.get(id)!.h / 2;
  const here = box.y + box.h / 2;
  if (way === "ArrowRight") {
    const list = (children.get(from) ?? []).filter((id) => boxes.has(id));
    return [...list].sort((a, b) => Math.abs(y(a) - here) - Math.abs(y(b) - here) || byName(a, b))[0] ?? from;
  }
  const down = way === "ArrowDown";
  const beyond = [...boxes.keys()].filter((id) => id !== from && (down ? y(id) > here : y(id) < here));
  const near = (id: string): number => Math.abs(y(id) - here) + (boxes.get(id)!.x === box.x ? 0 : 10_000);
  return beyond.sort((a, b) => near(a) - near(b) || byName(a, b))[0] ?? from;
}

/** The next or the one before of those that are allowed, in reading order and around the end. */
export function allowedStep(from: string, way: Way, order: readonly string[], allowed: (id: string) => boolean): string {
  const by = way === "ArrowDown" || way === "ArrowRight" ? 1 : -1;
  const at = order.indexOf(from);
  for (let n = 1; n <= order.length; n++) {
    const id = order[(((at + by * n) % order.length) + order.length) % order.length]!;
    if (allowed(id)) return id;
  }
  return from;
}
