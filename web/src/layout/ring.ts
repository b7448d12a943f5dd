// Where the managers stand in the picture of how far they are from each other: two beside each other, three as a triangle,
// four as a square. From five on a list says more.

export type Point = { x: number; y: number };

export const ringMost = 4;

export const ringSize = { width: 420, height: 170 };

/** The places, the first one on top; none when there are too few or too many. */
export function ring(count: number): Point[] {
  const { width, height } = ringSize;
  const left = 86;
  const right = width - left;
  const top = 34;
  const bottom = height - 38;
  switch (count) {
    case 2:
      return [{ x: left, y: 84 }, { x: right, y: 84 }];
    case 3:
      return [{ x: width / 2, y: top }, { x: left, y: bottom }, { x: right, y: bottom }];
    case 4:
      return [{ x: left, y: top }, { x: right, y: top }, { x: right, y: bottom }, { x: left, y: bottom }];
    default:
      return [];
  }
}

/** Where the length of a line is written: in its middle, and off the middle where two lines cross. */
export function along(a: Point, b: Point): Point {
  const slanted = a.x !== b.x && a.y !== b.y;
  const part = slanted ? 0.38 : 0.5;
  return { x: a.x + (b.x - a.x) * part, y: a.y + (b.y - a.y) * part };
}

/** The leader first, the others in their order. */
export const leaderFirst = <T extends { leader: boolean }>(all: readonly T[]): T[] => [...all.filter((one) => one.leader), ...all.filter((one) => !one.leader)];

/** The votes of the bar: those that are needed, those to spare, and those that are missing. */
export function votes(of: { all: number; needed: number; here: number }): ("need" | "spare" | "gone")[] {
  return Array.from({ length: of.all }, (_, n) => (n >= of.here ? "gone" : n < of.needed ? "need" : "spare"));
}
