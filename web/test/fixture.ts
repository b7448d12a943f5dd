import type { Server } from "../src/api/types.ts";
import type { Item } from "../src/layout/fold.ts";
import type { Measures } from "../src/layout/place.ts";

/** A server that is fine, with what a test wants of it. */
export function server(key: string, source?: string, more: Partial<Server> = {}): Server {
  return {
    key, source, source_known: source !== undefined, cluster: "c", depth: 0, replicas: 0, role: source ? "replica" : "primary", status: "ok", sentence: "", problems: [],
    version: "8.4.6", flavor: "MySQL", read_only: source !== undefined, logs_updates: true, gtid: "mysql", lag_s: 0, receiver: "running", applier: "running",
    semi_sync: { source: false, waiting: false, needs: 0, replica: false }, promotion_rule: "neutral", tags: [], seen: null, latency_ms: 1, ...more,
  };
}

export const measures: Measures = { width: 228, between: 62, gap: 14, height: (item: Item) => (item.many ? 40 + 9 * Math.ceil(item.servers.length / 29) : 58) };

/** Numbers that look like chance and are the same each time. */
export function chance(seed: number): (below: number) => number {
  let state = seed * 2654435761 + 1;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

/** A forest of any shape: chains, stars, rings, groups, servers of unknown sources. */
export function anyCluster(seed: number): Server[] {
  const next = chance(seed);
  const count = 1 + next(80);
  const list: Server[] = [];
  for (let n = 0; n < count; n++) {
    const key = `db-${n}:3306`;
    const kind = next(20);
    const source = n === 0 || kind === 0 ? undefined : kind === 1 ? "elsewhere:3306" : `db-${next(Math.min(n, 12))}:3306`;
    list.push(server(key, source, { source_known: kind !== 1, site: `site-${next(3)}` }));
  }
  if (seed % 3 === 0 && count > 2) list[0] = server("db-0:3306", "db-1:3306", { read_only: false });
  if (seed % 5 === 0) {
    for (let n = 0; n < Math.min(3, count); n++) {
      list[n] = server(`db-${n}:3306`, undefined, { role: n === 1 ? "group-primary" : "group-secondary", group: { name: "g", role: "", state: "ONLINE", members: [], single_primary: true } });
    }
  }
  return list;
}
