// What is folded: many equal leaves become one card of dots, and a sub-tree its topmost server. Nobody disappears: who is
// folded is in the card, and nothing that a person has opened is ever folded again.
import { below, byName, type Forest, type Standing } from "./forest.ts";

/** From how many childless replicas of one source in one site on they are one card. */
export const foldFrom = 7;

/** What a person has opened and shut; it stands in the address. */
export type Folds = { opened: ReadonlySet<string>; shut: ReadonlySet<string> };

/** A card: a server, or many. */
export type Item = {
  id: string;
  /** The servers in it: itself, or those that are folded. */
  servers: readonly string[];
  many: boolean;
  /** How many servers its shut sub-tree has; 0 when it is not shut. */
  shut: number;
};

export type Folded = { items: ReadonlyMap<string, Item>; children: ReadonlyMap<string, readonly string[]>; /** Of each server: the card it is in; none when in a shut sub-tree. */ at: ReadonlyMap<string, string> };

const shutMark = "~";

/** The name of the card of all childless replicas of a source in a site. */
export const foldId = (source: string, site: string | undefined): string => `${source}+${site ?? ""}`;

export function readFolds(text: string | null): Folds {
  const words = (text ?? "").split(",").filter((word) => word !== "");
  return {
    opened: new Set(words.filter((word) => !word.startsWith(shutMark))),
    shut: new Set(words.filter((word) => word.startsWith(shutMark)).map((word) => word.slice(1))),
  };
}

export function writeFolds(folds: Folds): string {
  return [...[...folds.opened].sort(byName), ...[...folds.shut].sort(byName).map((key) => shutMark + key)].join(",");
}

/** The same with a name put in or taken out. */
export function flipped(set: ReadonlySet<string>, name: string): Set<string> {
  const next = new Set(set);
  if (!next.delete(name)) next.add(name);
  return next;
}

export function fold(of: Forest, servers: ReadonlyMap<string, Standing>, folds: Folds): Folded {
  const items = new Map<string, Item>();
  const children = new Map<string, string[]>();
  const at = new Map<string, string>();
  const single = (key: string): Item => ({ id: key, servers: [key], many: false, shut: 0 });
  const visit = (key: string): void => {
    const item = single(key);
    items.set(key, item);
    at.set(key, key);
    const mine: string[] = [];
    children.set(key, mine);
    if (folds.shut.has(key)) {
      item.shut = below(key, of.children).length;
      return;
    }
    const all = of.children.get(key) ?? [];
    const leaves = new Map<string, string[]>(); // by the name of the card that they may be folded into
    const isLeaf = (child: string): boolean => (of.children.get(child) ?? []).length === 0;
    const cardOf = (leaf: string): string => foldId(key, servers.get(leaf)?.site);
    for (const child of all) {
      if (!isLeaf(child)) continue;
      const list = leaves.get(cardOf(child));
      if (list) list.push(child);
      else leaves.set(cardOf(child), [child]);
    }
    for (const [id, list] of leaves) if (list.length < foldFrom || folds.opened.has(id)) leaves.delete(id);
    // The replicas come in the order of their names, and stay in it; what is folded stands below them.
    for (const child of all) {
      if (isLeaf(child) && leaves.has(cardOf(child))) continue;
      mine.push(child);
      visit(child);
    }
    for (const id of [...leaves.keys()].sort(byName)) {
      const list = leaves.get(id)!;
      mine.push(id);
      items.set(id, { id, servers: list, many: true, shut: 0 });
      children.set(id, []);
      for (const child of list) at.set(child, id);
    }
  };
  for (const part of of.parts) for (const root of part.roots) visit(root);
  return { items, children, at };
}
