// The lines between cards: a neutral trunk for each source; the last piece alone is the channel of the replica.
import type { Box } from "./place.ts";

export type Line = { trunk: string; last: string; tip: string };

const out = 24; // how far from the source its trunk stands
const round = 9;
const head = 7; // length of an arrow's head

/** The elbow from the source's right side to the replica's left side. */
export function elbow(from: Box, to: Box): Line {
  const x1 = from.x + from.w;
  const y1 = from.y + from.h / 2;
  const x2 = to.x;
  const y2 = to.y + to.h / 2;
  const x = x1 + out;
  const tip = `M${x2 - head} ${y2 - 3.6}L${x2 - 1} ${y2}L${x2 - head} ${y2 + 3.6}z`;
  const way = Math.sign(y2 - y1);
  if (Math.abs(y2 - y1) < 1) return { trunk: "", last: `M${x1} ${y1}H${x2 - head}`, tip };
  const r = Math.min(round, Math.abs(y2 - y1) / 2);
  return {
    trunk: `M${x1} ${y1}H${x - r}Q${x} ${y1} ${x} ${y1 + way * r}V${y2 - way * r}`,
    last: `M${x} ${y2 - way * r}Q${x} ${y2} ${x + r} ${y2}H${x2 - head}`,
    tip,
  };
}

/** The arrow from a server of a ring to the next one, which stands below it, or back to the first. */
export function arc(from: Box, to: Box, back: boolean): Line {
  const x = from.x + from.w / 2 + (back ? 7 : -7);
  const [y1, y2] = from.y < to.y ? [from.y + from.h, to.y] : [from.y, to.y + to.h];
  const way = Math.sign(y2 - y1);
  const end = y2 - way * head;
  return { trunk: "", last: `M${x} ${y1}V${end}`, tip: `M${x - 3.6} ${end}h7.2L${x} ${y2 - way}z` };
}

/** A line of another channel, from a source that may stand anywhere: below the first one, so that both can be seen. */
export function channel(from: Box, to: Box): Line & { label: { x: number; y: number } } {
  const y1 = from.y + from.h / 2 + 8;
  const y2 = to.y + to.h / 2 + 10;
  const ahead = from.x + from.w <= to.x;
  const x1 = ahead ? from.x + from.w : from.x;
  const x2 = to.x;
  const bend = ahead ? out + 8 : -out;
  return {
    trunk: "",
    last: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - out} ${y2} ${x2 - head} ${y2}`,
    tip: `M${x2 - head} ${y2 - 3}L${x2 - 1} ${y2}L${x2 - head} ${y2 + 3}z`,
    label: { x: (x1 + x2) / 2, y: (y1 + y2) / 2 - 4 },
  };
}
