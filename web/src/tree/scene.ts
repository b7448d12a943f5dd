// What stands on the plane: the cluster's forest with its folds, as it is or as it will be when the plan has run.
import { computed, signal } from "@preact/signals";
import { ahead, type Ahead } from "../layout/future.ts";
import { fold, type Folded, type Folds, flipped, type Item, readFolds, writeFolds } from "../layout/fold.ts";
import { forest, type Forest } from "../layout/forest.ts";
import { place, type Placed } from "../layout/place.ts";
import type { Server } from "../api/types.ts";
import { cluster } from "../model/cluster.ts";
import { preferences } from "../model/preferences.ts";
import { amend, route } from "../model/route.ts";
import { shown } from "../plan/model.ts";
import { name } from "./names.ts";

export type Scene = {
  forest: Forest;
  folded: Folded;
  placed: Placed;
  servers: ReadonlyMap<string, Server>;
  /** Who is changed by the plan, and how it was until now. */
  was: ReadonlyMap<string, string>;
};

/** What of the servers decides where they stand. As long as it is the same, no card moves. */
const signature = (servers: readonly Server[]): string =>
  servers.map((s) => [s.key, s.source, s.source_known, s.role, s.read_only, s.site, s.group?.name].join("\t")).join("\n");

let last: { signature: string; servers: readonly Server[] } = { signature: "", servers: [] };

/** The servers, another list only when somebody stands elsewhere. */
const standing = computed<readonly Server[]>(() => {
  const servers = cluster.value?.members ?? [];
  const now = signature(servers);
  if (now !== last.signature) last = { signature: now, servers };
  return last.servers;
});

/** The picture shows how it is now, although a plan is open. */
export const showNow = signal(false);

/** The space bar is held: the picture shows the other one of now and then meanwhile. */
export const peeking = signal(false);

const nobody: ReadonlyMap<string, string> = new Map();

/** How it will be when the plan that is open has run; null when no plan changes this tree. */
export const foreseen = computed<Ahead | null>(() => {
  const plan = shown.value?.plan;
  if (!plan || (plan.state !== "planned" && plan.state !== "running")) return null;
  const servers = standing.value;
  if (!plan.servers.some((key) => servers.some((server) => server.key === key))) return null;
  return ahead(servers, cluster.peek()?.primary, plan, name);
});

const planned = computed(() => (showNow.value === peeking.value ? foreseen.value : null));

/** What is opened and shut, as the address has it. */
export const folds = computed<Folds>(() => readFolds(route.value.query.get("fold")));

export const primary = computed(() => cluster.value?.primary);

const perRow = 29; // dots in a row of a folded card
const compact = computed(() => preferences.value.density === "compact");

/** How high a card is. */
export const heightOf = (item: Item): number => {
  const one = compact.value ? 46 : 58;
  return item.many ? one - 20 + Math.max(2, Math.ceil(item.servers.length / perRow)) * 9 + 2 : one;
};

export const cardWidth = 228;

export const scene = computed<Scene>(() => {
  const plan = planned.value;
  const list = plan?.servers ?? standing.value;
  const servers = new Map(list.map((server) => [server.key, server]));
  const trees = forest(list, plan ? plan.primary : primary.value);
  const folded = fold(trees, servers, folds.value);
  const placed = place(trees, folded, { width: cardWidth, between: 62, gap: compact.value ? 8 : 14, height: heightOf });
  return { forest: trees, folded, placed, servers, was: plan?.was ?? nobody };
});

/** Opens a folded card, or folds it again. */
export function toggleFold(id: string): void {
  amend({ fold: writeFolds({ ...folds.peek(), opened: flipped(folds.peek().opened, id) }) || undefined });
}

/** Shuts the sub-tree of a server, or opens it again. */
export function toggleShut(key: string): void {
  amend({ fold: writeFolds({ ...folds.peek(), shut: flipped(folds.peek().shut, key) }) || undefined });
}

/** The card that a server is in, if it is not in a shut sub-tree. */
export const cardOf = (key: string): string | undefined => scene.peek().folded.at.get(key);
