// The view on the plane of the tree: one transform. Panning and zooming change it alone, and read nothing of the layout.
import { computed, signal } from "@preact/signals";
import { type Detail, detailOf, fit, meets, revealed, type Size, type View, window, zoomed } from "../layout/view.ts";
import { focused } from "./selection.ts";
import { moving } from "./moving.ts";
import { cardOf, scene } from "./scene.ts";

export const view = signal<View>({ x: 20, y: 20, zoom: 1 });

/** The size of the canvas on the screen, and where it is; told by an observer. */
export const screenSize = signal<Size>({ width: 0, height: 0 });

/** Nobody has moved the view yet: it follows the size of the tree. */
export const untouched = signal(true);

export const detail = computed<Detail>(() => detailOf(view.value.zoom));

export function fitAll(): void {
  if (screenSize.peek().width === 0) return;
  view.value = fit(scene.peek().placed, screenSize.peek());
  untouched.value = true;
}

export function panBy(x: number, y: number): void {
  untouched.value = false;
  view.value = { ...view.peek(), x: view.peek().x + x, y: view.peek().y + y };
}

/** Zooms by a factor; the point of the canvas stays. By default its middle. */
export function zoomBy(factor: number, at = { x: screenSize.peek().width / 2, y: screenSize.peek().height / 2 }): void {
  untouched.value = false;
  view.value = zoomed(view.peek(), view.peek().zoom * factor, at);
}

/** Brings a card into view. */
export function reveal(id: string): void {
  const box = scene.peek().placed.boxes.get(id);
  if (!box || screenSize.peek().width === 0) return;
  const next = revealed(view.peek(), box, screenSize.peek());
  if (next.x !== view.peek().x || next.y !== view.peek().y) view.value = next;
}

/** The part of the plane in which cards exist, as a text: it changes seldom. */
const around = computed(() => {
  const box = window(view.value, screenSize.value);
  return `${box.x} ${box.y} ${box.w} ${box.h}`;
});

/** The cards that exist: those in view and a screen around it, and those that something is done with. */
export const present = computed<string[]>(() => {
  const [x, y, w, h] = around.value.split(" ").map(Number) as [number, number, number, number];
  const part = { x, y, w, h };
  const kept = new Set([focused.value, moving.value ? cardOf(moving.value.server) : undefined]);
  return [...scene.value.placed.boxes].filter(([id, box]) => kept.has(id) || meets(box, part)).map(([id]) => id);
});

/** The card at a point of the canvas, and how far from its left side. */
export function cardAt(x: number, y: number): { id: string; part: number } | undefined {
  const v = view.peek();
  const px = (x - v.x) / v.zoom;
  const py = (y - v.y) / v.zoom;
  for (const [id, box] of scene.peek().placed.boxes) {
    if (px >= box.x && px < box.x + box.w && py >= box.y && py < box.y + box.h) return { id, part: (px - box.x) / box.w };
  }
  return undefined;
}
