// In which order the clusters are shown, and in which groups.

import type { ClusterRow } from "../api/types.ts";
import { fleetText } from "../words/fleet.ts";

export const orders = { worst: fleetText.worstFirst, name: "Name", servers: fleetText.mostServers, risk: fleetText.mostAtRisk, lag: fleetText.mostLag } as const;
export type Order = keyof typeof orders;

/** The worst first. */
export const rank: Record<ClusterRow["status"], number> = { run: 0, crit: 1, warn: 2, stale: 3, pause: 4, ok: 5 };

const name = (a: ClusterRow, b: ClusterRow): number => a.alias.localeCompare(b.alias) || a.name.localeCompare(b.name);

/** What would not fail over is the greatest risk; what cannot be known comes next. */
const risk = (row: ClusterRow): number => (row.forecast === null ? -1 : !row.forecast.would ? Infinity : (row.forecast.risk ?? Number.MAX_SAFE_INTEGER));

const most = (of: (row: ClusterRow) => number) => (a: ClusterRow, b: ClusterRow) => (of(b) === of(a) ? 0 : of(b) > of(a) ? 1 : -1);

const compare: Record<Order, (a: ClusterRow, b: ClusterRow) => number> = {
  worst: (a, b) => rank[a.status] - rank[b.status],
  name,
  servers: most((row) => row.servers),
  risk: most(risk),
  lag: most((row) => row.max_lag_s ?? -1),
};

export const sorted = (rows: readonly ClusterRow[], by: Order): ClusterRow[] => [...rows].sort((a, b) => compare[by](a, b) || name(a, b));

export type GroupName = "run" | "look" | "pause" | "ok";

export const groupNames: Record<GroupName, string> = { run: fleetText.recoveringNow, look: fleetText.needsALook, pause: fleetText.inDowntime, ok: "Healthy" };

export const groupOf = (row: ClusterRow): GroupName => (row.status === "run" ? "run" : row.status === "pause" ? "pause" : row.status === "ok" ? "ok" : "look");

/** Where each cluster stands: its group and its place. */
export type Places = { group: GroupName; name: string }[];

export const placesOf = (rows: readonly ClusterRow[], by: Order): Places => sorted(rows, by).map((row) => ({ group: groupOf(row), name: row.name }));

/**
 * What is shown while nothing may move under the pointer: the places as they were, without those that are gone; new ones
 * come last. Changes says how many clusters would stand elsewhere.
 */
export function held(was: Places, now: Places): { places: Places; changes: number } {
  const current = new Map(now.map((place, at) => [place.name, { ...place, at }]));
  const kept = was.filter((place) => current.has(place.name));
  const known = new Set(kept.map((place) => place.name));
  const fresh = now.filter((place) => !known.has(place.name));
  const order = now.filter((place) => known.has(place.name));
  const changes = kept.filter((place, at) => place.group !== current.get(place.name)!.group || order[at]!.name !== place.name).length;
  return { places: [...kept, ...fresh], changes };
}
