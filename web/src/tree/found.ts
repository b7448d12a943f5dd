// What is looked for in the tree, and who is meant by it.
import { computed, signal } from "@preact/signals";
import { cluster } from "../model/cluster.ts";
import { name } from "./names.ts";

/** Somebody looks for something. */
export const finding = signal(false);

/** What is typed. */
export const wanted = signal("");

/** The servers that a text means: by name, alias, version, site, tags. */
export function matches(text: string): string[] {
  const part = text.trim().toLowerCase();
  if (part === "") return [];
  return (cluster.value?.members ?? [])
    .filter((server) => [server.key, name(server.key), server.alias, server.version, server.site, ...server.tags].some((field) => field?.toLowerCase().includes(part)))
    .map((server) => server.key);
}

/** The servers that are meant; they are lit up. */
export const hits = computed(() => (finding.value ? matches(wanted.value) : []));

const lit = computed(() => new Set(hits.value));

/** Whether a server is lit up. */
export const isHit = (key: string): boolean => lit.value.has(key);

/** Ends the search. */
export function found(): void {
  finding.value = false;
  wanted.value = "";
}
