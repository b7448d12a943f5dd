// One cluster, as it is looked at: read once, then kept as the stream of events has it. Each server has a signal of its
// own, so that news of one touches one card.
import { batch, computed, signal, type Signal } from "@preact/signals";
import { boot } from "../api/boot.ts";
import { get, Refusal } from "../api/client.ts";
import { listen, want } from "../api/events.ts";
import type { Cluster, PlanRow, Problem, Server } from "../api/types.ts";
import { leftBehind, patched, steadyName } from "./patch.ts";

/** The cluster that is looked at; null until it is read. What was read stays while it is read again. */
export const cluster = signal<Cluster | null>(null);

/** Why it cannot be read. */
export const clusterProblem = signal<Problem | null>(null);

/** What it is called; it changes seldom, unlike the cluster. */
export const clusterAlias = computed(() => cluster.value?.alias ?? "");

const cells = new Map<string, Signal<Server>>();

/** A server of the cluster, with a signal of its own; undefined when it is not part of it. */
export const serverCell = (key: string): Signal<Server> | undefined => cells.get(key);

function put(next: Cluster | null): void {
  batch(() => {
    const keys = new Set(next?.members.map((server) => server.key));
    for (const key of cells.keys()) if (!keys.has(key)) cells.delete(key);
    for (const server of next?.members ?? []) {
      const cell = cells.get(server.key);
      if (cell) cell.value = server;
      else cells.set(server.key, signal(server));
    }
    cluster.value = next;
    if (next) clusterProblem.value = null;
  });
}

let reading: AbortController | undefined;

async function read(name: string): Promise<void> {
  reading?.abort();
  const mine = (reading = new AbortController());
  try {
    const value = await get<Cluster>("clusters/" + encodeURIComponent(name), undefined, mine.signal);
    if (!mine.signal.aborted) put(value);
  } catch (error) {
    if (mine.signal.aborted) return;
    clusterProblem.value = error instanceof Refusal ? error.problem : { type: "", title: "", status: 0, detail: String(error) };
  }
}

let again: () => void = () => undefined;

/** Reads the cluster once more. */
export const reloadCluster = (): void => again();

/** Looks at a cluster, by its name, its alias or one of its servers, until the returned function is called. */
export function look(name: string): () => void {
  const booted = boot.cluster;
  const isBooted = booted && (booted.name === name || booted.alias === name || booted.members.some((server) => server.key === name));
  const known = cluster.peek();
  if (!known || ![known.name, known.alias].includes(name)) put(isBooted ? booted : null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let promoted: string | undefined;
  const soon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void read(steadyName(name, cluster.peek(), promoted));
    }, 200);
  };
  again = soon;
  const topics = new Set<string>();
  const drops: (() => void)[] = [];
  const hear = (topic: string): void => {
    if (topics.has(topic)) return;
    topics.add(topic);
    drops.push(want(topic));
  };
  hear("cluster:" + name);
  const unlisten = listen({
    reset: soon,
    event: (what, event) => {
      const is = cluster.peek();
      if (!is) return;
      if (what === "notice" && event.what === "promoted" && event.cluster === is.name) promoted = event.server;
      const next = patched(is, what, event);
      if (next === "reload" || leftBehind(is, next, promoted)) soon();
      else if (next !== is) put(next);
    },
  });
  const unfollow = cluster.subscribe((is) => is && hear("cluster:" + is.name));
  void read(name);
  return () => {
    unfollow();
    unlisten();
    clearTimeout(timer);
    reading?.abort();
    for (const drop of drops) drop();
    again = () => undefined;
  };
}

const plansNow = computed(() => cluster.value?.plans);

/** The plans that run in the cluster, by the servers that they change. Another value only when another plan runs. */
export const plansOn = computed(() => {
  const on = new Map<string, PlanRow>();
  for (const plan of plansNow.value ?? []) for (const key of plan.servers) on.set(key, plan);
  return on;
});

const poolsNow = computed(() => cluster.value?.pools);

/** The pools that each server is in. */
export const poolsOf = computed(() => {
  const of = new Map<string, string[]>();
  for (const [pool, keys] of Object.entries(poolsNow.value ?? {})) for (const key of keys) of.set(key, [...(of.get(key) ?? []), pool]);
  return of;
});
