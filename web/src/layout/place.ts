// Where the cards stand. Pure: no DOM, no measuring; what a card measures is given.
import { hierarchy, tree } from "d3-hierarchy";
import type { Folded, Item } from "./fold.ts";
import type { Forest, Part } from "./forest.ts";

export type Box = { x: number; y: number; w: number; h: number };

export type Measures = {
  /** Width of a card, and the room between columns. */
  width: number;
  between: number;
  /** Room between two cards, one above the other. */
  gap: number;
  height: (item: Item) => number;
};

/** A frame around the members of a group, or the line above a tree that stands apart. */
export type Frame = Box & { part: Part; n: number };

export type Placed = { boxes: ReadonlyMap<string, Box>; frames: Frame[]; width: number; height: number };

const around = 14; // room around the members of a group
const title = 22; // room for a line of words
const apart = 26; // room between two trees

type Knot = { id: string; height: number; children: Knot[] };

export function place(of: Forest, folded: Folded, measures: Measures): Placed {
  const boxes = new Map<string, Box>();
  const frames: Frame[] = [];
  let top = 0;
  let right = 0;
  for (const [n, part] of of.parts.entries()) {
    const own = new Map<string, Box>();
    spread(part, folded, measures, own);
    if (part.kind !== "tree") gather(part, own, measures);
    const framed = part.kind === "group";
    const head = framed || n > 0 ? title : 0;
    const least = Math.min(...[...own.values()].map((box) => box.y));
    const shift = top + head + (framed ? around : 0) - least;
    let bottom = 0;
    for (const [id, box] of own) {
      const moved = { ...box, x: box.x + around, y: box.y + shift };
      boxes.set(id, moved);
      bottom = Math.max(bottom, moved.y + moved.h);
      right = Math.max(right, moved.x + moved.w);
    }
    if (framed) {
      const members = part.roots.map((root) => boxes.get(root)!);
      const y = Math.min(...members.map((box) => box.y));
      const end = Math.max(...members.map((box) => box.y + box.h));
      frames.push({ part, n, x: 0, y: y - title - around / 2, w: measures.width + 2 * around, h: end - y + title + around * 1.5 });
    } else if (n > 0) {
      frames.push({ part, n, x: around, y: top, w: measures.width, h: title });
    }
    top = bottom + apart;
  }
  return { boxes, frames, width: right + around, height: Math.max(0, top - apart) + around };
}

/** The cards of a part, by the tidy tree: none over another, children to the right, parents in the middle of theirs. */
function spread(part: Part, folded: Folded, measures: Measures, into: Map<string, Box>): void {
  const knot = (id: string): Knot => ({ id, height: measures.height(folded.items.get(id)!), children: (folded.children.get(id) ?? []).map(knot) });
  const root = hierarchy<Knot>({ id: "", height: 0, children: part.roots.map(knot) });
  const laid = tree<Knot>()
    .nodeSize([1, 1])
    .separation((a, b) => (a.data.height + b.data.height) / 2 + measures.gap)(root);
  laid.each((node) => {
    if (node.depth === 0) return;
    const { id, height } = node.data;
    into.set(id, { x: (node.depth - 1) * (measures.width + measures.between), y: Math.round(node.x - height / 2), w: measures.width, h: height });
  });
}

/** Has servers that belong together stand close together, one below the other, around where their trees put them. */
function gather(part: Part, boxes: Map<string, Box>, measures: Measures): void {
  const list = part.roots.map((root) => boxes.get(root)!);
  const middle = list.reduce((sum, box) => sum + box.y + box.h / 2, 0) / list.length;
  const room = part.kind === "ring" ? measures.gap * 2 : measures.gap;
  let y = Math.round(middle - (list.reduce((sum, box) => sum + box.h + room, 0) - room) / 2);
  for (const root of part.roots) {
    const box = boxes.get(root)!;
    boxes.set(root, { ...box, y });
    y += box.h + room;
  }
}
