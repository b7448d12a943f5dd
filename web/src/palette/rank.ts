// How well something fits what is typed. The same letters always give the same first hit.

/** Something that the palette can find. */
export type Item = {
  /** Unique; by it the last use is remembered. */
  id: string;
  group: string;
  title: string;
  /** Where more words are: a server's cluster, an operation's sentence. */
  subtitle?: string;
};

/** 0 fits not at all; more fits better. */
export const fit = (item: Item, query: string): number => fitting(query)(item);

/** How well anything fits what is typed: what is typed is prepared once. */
function fitting(query: string): (item: Item) => number {
  const q = query.trim().toLowerCase();
  if (q === "") return () => 1;
  const beginsWord = new RegExp(`[\\s\\-_.:/]${literal(q)}`);
  const parts = q.split(/\s+/);
  return (item) => {
    const title = item.title.toLowerCase();
    if (title === q) return 5;
    if (title.startsWith(q)) return 4;
    if (title.includes(q)) return beginsWord.test(title) ? 3 : 2;
    const all = `${title} ${item.subtitle?.toLowerCase() ?? ""}`;
    return parts.every((part) => all.includes(part)) ? 1 : 0;
  };
}

const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

/** What fits, the best first; of what fits as well, what was used last, then by name. */
export function rank<T extends Item>(items: readonly T[], query: string, lastUse: (id: string) => number = () => 0): T[] {
  const fits = fitting(query);
  return items
    .map((item) => ({ item, fit: fits(item) }))
    .filter((one) => one.fit > 0)
    .sort((a, b) => b.fit - a.fit || lastUse(b.item.id) - lastUse(a.item.id) || byName(a.item, b.item))
    .map((one) => one.item);
}

const byName = (a: Item, b: Item): number => (a.title < b.title ? -1 : a.title > b.title ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

/** The ranked items in their groups, each with as many as it may show: the group with what fits best first, else in their order. */
export function grouped<T extends Item>(ranked: readonly T[], order: readonly [name: string, most: number][], query = ""): { name: string; items: T[] }[] {
  const fits = fitting(query);
  const best = (group: { items: T[] }): number => fits(group.items[0]!);
  return order
    .map(([name, most]) => ({ name, items: ranked.filter((item) => item.group === name).slice(0, most) }))
    .filter((group) => group.items.length > 0)
    .sort((a, b) => best(b) - best(a));
}

/** Where the query stands in a text: before it, itself, after it. */
export function lit(text: string, query: string): [string, string, string] {
  const q = query.trim().toLowerCase();
  const at = q === "" ? -1 : text.toLowerCase().indexOf(q);
  return at < 0 ? [text, "", ""] : [text.slice(0, at), text.slice(at, at + q.length), text.slice(at + q.length)];
}
