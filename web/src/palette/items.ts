import { computed, signal } from "@preact/signals";
import { get } from "../api/client.ts";
import type { OperationInfo, Verdict, Verdicts } from "../api/types.ts";
import { entries } from "../frame/menu.ts";
import { openKeys } from "../frame/keys.tsx";
import { fleet, rowOf } from "../model/fleet.ts";
import { me } from "../model/me.ts";
import { prefer, preferences, theme } from "../model/preferences.ts";
import { recent } from "../model/recent.ts";
import { selection } from "../model/selection.ts";
import { part, url } from "../url.ts";
import { plural, type Status } from "../words/en.ts";
import { short } from "../words/names.ts";
import type { Item } from "./rank.ts";
import { paletteText } from "../words/palette.ts";

/** Something that the palette finds, and what becomes of choosing it. */
export type Found = Item & {
  status?: Status;
  icon?: string;
  keys?: string;
  /** An address, or something that the page does by itself. It never changes a server: that ends in a plan. */
  to: string | (() => void);
  /** Something that still needs an object: what it may be. It is chosen in the same box. */
  ask?: () => Promise<Asked>;
  /** It is there to be read: a rule forbids it. */
  no?: boolean;
};

/** What an action may be done with. */
export type Asked = { title: string; items: Found[] };

export const groups = { clusters: "Clusters", servers: "Servers", actions: paletteText.actionsHere, elsewhere: paletteText.actions, go: paletteText.goTo, more: paletteText.foundByTheServer, recent: paletteText.openedLast, can: "Possible", cannot: paletteText.notPossible } as const;

const operations = signal<OperationInfo[]>([]);

/** Reads what can be done, once. Without it there are no actions in the palette, and everything else is. */
export async function readOperations(): Promise<void> {
  if (operations.peek().length === 0) operations.value = await get<OperationInfo[]>("operations");
}

/** A server of the fleet in its cluster's page. */
export const serverAddress = (alias: string, key: string, more: Record<string, string> = {}): string => url(`cluster/alias/${part(alias)}`, { sel: key, ...more });

const clusters = computed<Found[]>(() =>
  (fleet.value?.clusters ?? []).map((row) => ({
    id: `cluster ${row.name}`, group: groups.clusters, title: row.alias, subtitle: `${plural(row.servers, "server")} · ${row.name}${row.domain ? " · " + row.domain : ""}`,
    status: row.status, to: url(`cluster/alias/${part(row.alias)}`),
  })),
);

const servers = computed<Found[]>(() => {
  const strip = me.value?.strip;
  return (fleet.value?.clusters ?? []).flatMap((row) =>
    row.tree.map((dot) => ({
      id: `server ${dot.key}`, group: groups.servers, title: short(dot.key, strip), status: dot.status, to: serverAddress(row.alias, dot.key),
      subtitle: `${dot.key === row.primary ? "primary" : dot.parent >= 0 ? `replica of ${short(row.tree[dot.parent]!.key, strip)}` : "stands by itself"} · ${row.alias}`,
    })),
  );
});

const places = computed<Found[]>(() => [
  ...entries
    .filter((entry) => entry !== null)
    .map((entry) => ({ id: `go ${entry.path}`, group: groups.go, title: entry.name, icon: entry.icon, to: url(entry.path), ...(entry.key ? { keys: `g ${entry.key}` } : {}) })),
  { id: "go discover", group: groups.go, title: paletteText.discoverServers, icon: "plus", to: url("discover") },
  { id: "go me", group: groups.go, title: paletteText.preferences, icon: "config", to: url("me") },
  { id: "go about", group: groups.go, title: paletteText.aboutHelp, icon: "audit", to: url("about") },
  { id: "do keys", group: groups.go, title: paletteText.keyboard, icon: "list", keys: "?", to: openKeys },
  { id: "do theme", group: groups.go, title: theme() === "dark" ? paletteText.lightTheme : paletteText.darkTheme, icon: "moon", to: () => prefer({ theme: theme() === "dark" ? "light" : "dark" }) },
]);

const fromName = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll("-", " ");

/** Operations that take another server: how they are called, and whether the replicas of the server are meant. */
const withTarget: Record<string, { title: (name: string) => string; all: boolean }> = {
  relocate: { title: (name) => paletteText.moveBelow(name), all: false },
  "relocate-replicas": { title: (name) => paletteText.moveTheReplicasOfBelow(name), all: true },
};

/** Asks where a server may go; what is chosen ends in its plan, at the cluster's page. */
async function targets(operation: string, cluster: string, alias: string, server: string): Promise<Asked> {
  const { title, all } = withTarget[operation]!;
  const strip = me.peek()?.strip;
  const found = await get<Verdicts>(`clusters/${part(cluster)}/moves`, { server, all: all ? "true" : undefined });
  const item = (verdict: Verdict): Found => ({
    id: `to ${verdict.target}`, group: verdict.ok ? groups.can : groups.cannot, icon: verdict.ok ? "arrow" : "x", title: short(verdict.target, strip), no: !verdict.ok,
    subtitle: verdict.ok ? verdict.text : `${verdict.text}. Rule: ${verdict.rule ?? ""}`, to: url(`cluster/alias/${part(alias)}`, { sel: server, do: operation, to: verdict.target }),
  });
  return { title: title(short(server, strip)), items: found.verdicts.filter((verdict) => verdict.target !== server).map(item) };
}

/** The operations for what is selected: each opens its plan at the cluster's page, where what is missing is asked for. */
const actions = computed<Found[]>(() => {
  const { cluster, servers: chosen } = selection.value;
  if (cluster === null) return [];
  const alias = rowOf(cluster)?.alias ?? cluster;
  const server = chosen[0];
  return operations.value
    .filter((operation) => operation.changes && operation.plan && operation.allowed && (operation.on_server ? server !== undefined : operation.on_cluster))
    .map((operation) => ({
      id: `do ${operation.name}`, group: groups.actions, icon: "arrow",
      title: withTarget[operation.name]?.title(short(server!, me.value?.strip)) ?? `${fromName(operation.name)} ${operation.on_server ? short(server!, me.value?.strip) : alias}…`,
      ...(withTarget[operation.name] ? { ask: () => targets(operation.name, cluster, alias, server!) } : {}),
      subtitle: paletteText.showsThePlanFirst(operation.sentence),
      to: url(`cluster/alias/${part(alias)}`, { sel: operation.on_server ? server : undefined, do: operation.name }),
    }));
});

/** The operations that take a server, where none is selected: which one is asked for in the same box. */
const elsewhere = computed<Found[]>(() => {
  if (selection.value.servers.length > 0) return [];
  const strip = me.value?.strip;
  return operations.value
    .filter((operation) => operation.changes && operation.plan && operation.allowed && operation.on_server)
    .map((operation) => ({
      id: `of ${operation.name}`, group: groups.elsewhere, icon: "arrow", title: paletteText.of(fromName(operation.name)), subtitle: operation.sentence, to: url("clusters"),
      ask: () => Promise.resolve({ title: paletteText.of(fromName(operation.name)), items: (fleet.value?.clusters ?? []).flatMap((row) => row.tree.map((dot) => serverFor(operation.name, row.alias, row.name, dot.key, dot.status, strip))) }),
    }));
});

/** A server that an operation may be done with: what still needs a target asks for that, too. */
const serverFor = (operation: string, alias: string, cluster: string, key: string, status: Status, strip: string | undefined): Found => ({
  id: `with ${key}`, group: groups.can, title: short(key, strip), subtitle: alias, status, to: serverAddress(alias, key, { do: operation }),
  ...(withTarget[operation] ? { ask: () => targets(operation, cluster, alias, key) } : {}),
});

/** What the page itself can do with the cluster that is shown. */
const own = computed<Found[]>(() => {
  const { cluster } = selection.value;
  if (cluster === null) return [];
  const alias = rowOf(cluster)?.alias ?? cluster;
  const pins = preferences.value.pins ?? [];
  const pinned = pins.includes(alias);
  const pin = (): void => prefer({ pins: pinned ? pins.filter((one) => one !== alias) : [...pins, alias] });
  return [
    { id: "do pin", group: groups.actions, icon: "star", title: pinned ? `Unpin ${alias}` : `Pin ${alias}`, subtitle: pinned ? paletteText.takesItOut : paletteText.keepsItInTheSide, to: pin },
    { id: "do recoveries", group: groups.actions, icon: "recovery", title: paletteText.recoveriesOf(alias), subtitle: "", to: url("audit-recovery", { cluster: alias }) },
    { id: "do detections", group: groups.actions, icon: "detect", title: paletteText.detectionsOf(alias), subtitle: "", to: url("audit-failure-detection", { cluster: alias }) },
  ];
});

const opened = computed<Found[]>(() =>
  recent.value.flatMap((alias) => {
    const found = clusters.value.find((item) => item.title === alias);
    return found ? [{ ...found, group: groups.recent }] : [];
  }),
);

/** What can be found with a text, and what is offered without one. */
export const findable = computed<Found[]>(() => [...clusters.value, ...servers.value, ...own.value, ...actions.value, ...elsewhere.value, ...places.value]);
export const offered = computed<Found[]>(() => [...own.value, ...actions.value, ...opened.value, ...places.value]);
