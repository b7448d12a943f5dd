import type { JSX } from "preact";
import type { ClusterRow, Dot } from "../api/types.ts";
import { height, spots, width } from "./layout.ts";
import { fleetText } from "../words/fleet.ts";

/** The real tree of a cluster in the height of a row. Problems keep their own shapes. */
export function Spark({ row }: { row: ClusterRow }): JSX.Element {
  const { spots: all, tiers } = cached(row.tree);
  const small = all.length > 40 ? 1.6 : 2.7;
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={fleetText.tree(row.servers, tiers)}>
      {all.map((spot, at) => {
        const source = all[spot.parent];
        return source && <path key={at} class={spot.status === "crit" ? "se stopped" : "se"} d={`M${source.x} ${source.y}H${source.x + 10}V${spot.y}H${spot.x}`} />;
      })}
      {all.map((spot, at) => {
        const calm = spot.status === "ok";
        const r = calm ? (spot.parent < 0 ? 3.6 : spot.many > 1 ? 3.2 : small) : 3.9;
        return <use key={at} href={`#s-${spot.status === "run" ? "ok" : spot.status}`} class={`m-${calm ? (spot.parent < 0 ? "root" : "calm") : spot.status}`} x={spot.x - r} y={spot.y - r} width={2 * r} height={2 * r} />;
      })}
    </svg>
  );
}

const layouts = new WeakMap<readonly Dot[], ReturnType<typeof spots>>();

function cached(tree: readonly Dot[]): ReturnType<typeof spots> {
  let is = layouts.get(tree);
  if (!is) layouts.set(tree, (is = spots(tree)));
  return is;
}
