import { computed, signal } from "@preact/signals";
import { boot } from "../api/boot.ts";
import { get, latest } from "../api/client.ts";
import { listen } from "../api/events.ts";
import type { ClusterRow, Event, Fleet } from "../api/types.ts";

/** The fleet as the server told it last; null until it has. */
export const fleet = signal<Fleet | null>(boot.fleet);

/** The rows of the clusters by their names. */
export const rowsByName = computed(() => new Map(fleet.value?.clusters.map((row) => [row.name, row])));

/** The row of a cluster, by its name or alias. */
export const rowOf = (cluster: string): ClusterRow | undefined =>
  rowsByName.value.get(cluster) ?? fleet.value?.clusters.find((row) => row.alias === cluster);

export const readFleet = latest(() => get<Fleet>("fleet"), (is) => (fleet.value = is));

const rank: Record<ClusterRow["status"], number> = { run: 0, crit: 1, warn: 2, stale: 3, pause: 4, ok: 5 };

/** The order of the worst: by status, then by alias. */
export const worstFirst = (a: ClusterRow, b: ClusterRow): number =>
  rank[a.status] - rank[b.status] || a.alias.localeCompare(b.alias) || a.name.localeCompare(b.name);

/** What an event makes of the fleet; the same fleet when it says nothing of it. */
export function patched(is: Fleet, name: string, event: Event): Fleet {
  if (name === "notice" && event.what === "cluster-gone") {
    return summed(is, is.clusters.filter((row) => row.name !== event.cluster));
  }
  if (name !== "patch") return is;
  if (event.row) {
    const row = event.row;
    return summed(is, [...is.clusters.filter((other) => other.name !== row.name), row].sort(worstFirst));
  }
  if (event.forecast && event.cluster) {
    const forecast = event.forecast;
    return summed(is, is.clusters.map((row) => (row.name === event.cluster ? { ...row, forecast } : row)));
  }
  return is;
}

/** The fleet with other clusters, and what they amount to. */
function summed(is: Fleet, clusters: ClusterRow[]): Fleet {
  const total = (of: (row: ClusterRow) => number): number => clusters.reduce((sum, row) => sum + of(row), 0);
  return {
    ...is,
    clusters,
    servers: total((row) => row.servers),
    not_fine: total((row) => row.affected),
    recovering: total((row) => Number(row.status === "run")),
    need_a_look: total((row) => Number(row.status === "crit" || row.status === "warn" || row.status === "stale")),
    ready: total((row) => Number(row.forecast?.would ?? false)),
    would_not: total((row) => Number(row.forecast !== null && !row.forecast.would)),
    sites: [...new Set(clusters.flatMap((row) => row.sites))].sort(),
  };
}

/** Keeps the fleet as the stream of events has it. */
export function follow(): () => void {
  return listen({
    event: (name, event) => {
      if (name === "audit" && event.audit?.kind.endsWith("-global-recoveries")) void readFleet().catch(() => undefined); // the next event or reading tells
      // What failovers have lost is told with the fleet alone.
      if (name === "notice" && (event.what === "finished" || event.what === "counted")) void readFleet().catch(() => undefined);
      if (fleet.peek()) fleet.value = patched(fleet.peek()!, name, event);
    },
    reset: () => void readFleet(),
  });
}
