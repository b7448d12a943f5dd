// Names of servers as the tree shows them: short, or made up for pictures that go to other people.
import { signal } from "@preact/signals";
import { me } from "../model/me.ts";
import { serverCell } from "../model/cluster.ts";
import { short } from "../words/names.ts";

/** Which names are shown. */
export type Naming = "names" | "aliases" | "anonymous";

export const naming = signal<Naming>("names");

/** A name that says nothing of a server, and always the same one. */
export function anonymous(key: string): string {
  let sum = 0x811c9dc5;
  for (const character of key) sum = Math.imul(sum ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  const port = key.slice(key.lastIndexOf(":") + 1);
  return `instance-${(sum & 0xffff).toString(16).padStart(4, "0")}:${port}`;
}

/** The name of a server as it is shown. */
export function name(key: string | undefined): string {
  if (!key) return "";
  if (naming.value === "anonymous") return anonymous(key);
  const alias = naming.value === "aliases" ? serverCell(key)?.value.alias : undefined;
  return alias || short(key, me.value?.strip);
}

/** A sentence of the server with the names as they are shown: for anonymity alone; else it is shown as it is. */
export function said(sentence: string, keys: Iterable<string>): string {
  if (naming.value !== "anonymous") return sentence;
  let text = sentence;
  for (const key of [...keys].sort((a, b) => b.length - a.length)) text = text.replaceAll(key, anonymous(key));
  return text;
}
