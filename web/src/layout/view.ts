// What of the plane is seen: panning, zooming, fitting. Pure.
import type { Box } from "./place.ts";

/** Screen = plane × zoom + (x, y). */
export type View = { x: number; y: number; zoom: number };

export type Size = { width: number; height: number };

export const least = 0.08;
export const most = 1.6;
/** Fitting never makes names too small to be read. */
const fitLeast = 0.62;
const margin = 20;

/** How much is drawn of a card. */
export type Detail = "cards" | "names" | "dots";

export const detailOf = (zoom: number): Detail => (zoom >= 0.55 ? "cards" : zoom >= 0.3 ? "names" : "dots");

export const clamped = (zoom: number): number => Math.min(most, Math.max(least, zoom));

/** All of it, in the middle of the height; what does not fit begins at the upper left. */
export function fit(plane: Size, screen: Size): View {
  const wanted = Math.min(1, (screen.width - 2 * margin) / Math.max(plane.width, 1), (screen.height - 2 * margin) / Math.max(plane.height, 1));
  const zoom = Math.max(fitLeast, wanted);
  const room = screen.height - plane.height * zoom;
  return { x: margin, y: Math.max(margin, Math.min(room / 2, room - margin)), zoom };
}

/** The same with another zoom; the point of the screen stays where it is. */
export function zoomed(view: View, to: number, at: { x: number; y: number }): View {
  const zoom = clamped(to);
  const k = zoom / view.zoom;
  return { x: at.x - (at.x - view.x) * k, y: at.y - (at.y - view.y) * k, zoom };
}

/** Moved as little as is needed for a card to be seen whole. */
export function revealed(view: View, box: Box, screen: Size): View {
  const along = (at: number, from: number, length: number, size: number): number => {
    const a = from * view.zoom + at;
    const b = (from + length) * view.zoom + at;
    if (a < margin) return at + margin - a;
    if (b > size - margin) return at - Math.min(b - size + margin, a - margin);
    return at;
  };
  return { ...view, x: along(view.x, box.x, box.w, screen.width), y: along(view.y, box.y, box.h, screen.height) };
}

const cell = 400;

/** The part of the plane in which cards exist: what is seen and a screen more, in steps, so that it seldom changes. */
export function window(view: View, screen: Size): Box {
  const down = (n: number): number => Math.floor(n / cell) * cell;
  const up = (n: number): number => Math.ceil(n / cell) * cell;
  const w = screen.width / view.zoom;
  const h = screen.height / view.zoom;
  const x = down(-view.x / view.zoom - w / 2);
  const y = down(-view.y / view.zoom - h / 2);
  return { x, y, w: up(2 * w), h: up(2 * h) };
}

export const meets = (a: Box, b: Box): boolean => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
