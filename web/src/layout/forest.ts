// A cluster as a forest: who stands below whom, and which trees there are. Pure: the same servers give the same forest,
// in whatever order they come.
import type { Server } from "../api/types.ts";

/** What of a server decides where it stands. */
export type Standing = Pick<Server, "key" | "source" | "source_known" | "role" | "read_only" | "status" | "site" | "group">;

/** A tree, or several whose topmost servers belong together: co-primaries in a ring, or the members of a group. */
export type Part = {
  kind: "tree" | "ring" | "group";
  roots: string[];
  /** How many servers are in it. */
  size: number;
  /** Of a group: its name. */
  name?: string;
};

export type Forest = { parts: Part[]; children: ReadonlyMap<string, readonly string[]>; parent: ReadonlyMap<string, string> };

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Where a run of digits ends. */
function endOfNumber(text: string, from: number): number {
  while (from < text.length && isDigit(text.charCodeAt(from))) from++;
  return from;
}

/** Where a number begins when its leading zeros do not count. */
function startOfNumber(text: string, from: number, end: number): number {
  while (from < end - 1 && text.charCodeAt(from) === 48) from++;
  return from;
}

/**
 * The order of names: numbers in them count as numbers. It is written out because it is asked thousands of times for one
 * picture, which the collator of the browser takes ten times as long for.
 */
export function byName(a: string, b: string): number {
  let [n, m] = [0, 0];
  while (n < a.length && m < b.length) {
    const [p, q] = [a.charCodeAt(n), b.charCodeAt(m)];
    if (!isDigit(p) || !isDigit(q)) {
      if (p !== q) return p - q;
      n++;
      m++;
      continue;
    }
    const [endA, endB] = [endOfNumber(a, n), endOfNumber(b, m)];
    [n, m] = [startOfNumber(a, n, endA), startOfNumber(b, m, endB)];
    if (endA - n !== endB - m) return endA - n - (endB - m);
    for (; n < endA; n++, m++) if (a.charCodeAt(n) !== b.charCodeAt(m)) return a.charCodeAt(n) - b.charCodeAt(m);
  }
  return a.length - n - (b.length - m) || (a < b ? -1 : a > b ? 1 : 0);
}

export function forest(servers: readonly Standing[], primary?: string): Forest {
  const byKey = new Map(servers.map((server) => [server.key, server]));
  const keys = [...byKey.keys()].sort(byName);
  const parent = new Map<string, string>();
  for (const server of byKey.values()) {
    if (server.source && server.source !== server.key && byKey.has(server.source)) parent.set(server.key, server.source);
  }
  const together = new Map<string, Part>(); // the topmost servers that belong together, by each of them
  for (const [name, members] of groups(byKey, keys)) {
    const part: Part = { kind: "group", roots: members, size: 0, name };
    for (const key of members) {
      parent.delete(key);
      together.set(key, part);
    }
  }
  for (const ring of rings(keys, parent)) {
    const part: Part = { kind: "ring", roots: writerFirst(ring, byKey), size: 0 };
    for (const key of ring) {
      parent.delete(key);
      together.set(key, part);
    }
  }
  const children = new Map<string, string[]>(keys.map((key) => [key, []]));
  for (const key of keys) {
    const above = parent.get(key);
    if (above !== undefined) children.get(above)!.push(key);
  }
  const parts = new Set<Part>();
  for (const key of keys) {
    if (!parent.has(key)) parts.add(together.get(key) ?? { kind: "tree", roots: [key], size: 0 });
  }
  const list = [...parts];
  for (const part of list) part.size = part.roots.reduce((sum, root) => sum + 1 + below(root, children).length, 0);
  const first = (part: Part): number => Number(!part.roots.includes(primary ?? ""));
  list.sort((a, b) => first(a) - first(b) || b.size - a.size || byName(a.roots[0]!, b.roots[0]!));
  return { parts: list, children, parent };
}

/** All that stand below a server, the nearest first. */
export function below(key: string, children: ReadonlyMap<string, readonly string[]>): string[] {
  const list = [...(children.get(key) ?? [])];
  for (let n = 0; n < list.length; n++) list.push(...(children.get(list[n]!) ?? []));
  return list;
}

/** The members of each replication group; the one that writes comes first. */
function groups(byKey: ReadonlyMap<string, Standing>, keys: string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const key of keys) {
    const server = byKey.get(key)!;
    if (!server.group || (server.role !== "group-primary" && server.role !== "group-secondary")) continue;
    found.set(server.group.name, [...(found.get(server.group.name) ?? []), key]);
  }
  for (const [name, members] of found) {
    found.set(name, [...members].sort((a, b) => Number(byKey.get(b)!.role === "group-primary") - Number(byKey.get(a)!.role === "group-primary")));
  }
  return found;
}

/** The circles: servers each of which replicates, directly or not, from itself. In the order of replication. */
function rings(keys: string[], parent: ReadonlyMap<string, string>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  for (const start of keys) {
    const path: string[] = [];
    let at: string | undefined = start;
    while (at !== undefined && !done.has(at) && !path.includes(at)) {
      path.push(at);
      at = parent.get(at);
    }
    if (at !== undefined && path.includes(at)) found.push(path.slice(path.indexOf(at)).reverse());
    for (const key of path) done.add(key);
  }
  return found;
}

/** The ring begun at the server that takes the writes, or at the first name. */
function writerFirst(ring: string[], byKey: ReadonlyMap<string, Standing>): string[] {
  const weight = (key: string): number => Number(byKey.get(key)!.read_only) * 2 + Number(byKey.get(key)!.role !== "primary");
  const first = [...ring].sort((a, b) => weight(a) - weight(b) || byName(a, b))[0]!;
  const at = ring.indexOf(first);
  return [...ring.slice(at), ...ring.slice(0, at)];
}
