// The filter of the dashboard: words that must all fit. It is text, so that it can stand in an address.
//
//	orders dc:fra1 -tag:tier=3 lag>10s status:crit version:8.0 risk>0 lost>0 auto:off

import type { ClusterRow } from "../api/types.ts";

export type Term = { key: string; sign: ":" | ">" | "<"; value: string; not: boolean };

const keys = ["dc", "tag", "lag", "status", "version", "risk", "lost", "auto", "servers", "finding"];

const wordsOf = (filter: string): string[] => filter.match(/-?(?:[^\s"]|"[^"]*"?)+/g) ?? [];

/** Words apart; what stands in quotes is one. A word that is no term is searched for in the names. */
export function parse(filter: string): Term[] {
  return wordsOf(filter).map((word) => {
    const not = word.length > 1 && word.startsWith("-");
    const plain = (not ? word.slice(1) : word).replaceAll('"', "");
    const term = /^([a-z]+)([:<>])(.*)$/i.exec(plain);
    const key = term?.[1]?.toLowerCase().replace(/^site$/, "dc") ?? "";
    if (!term || !keys.includes(key)) return { key: "", sign: ":", value: plain.toLowerCase(), not };
    return { key, sign: term[2] as Term["sign"], value: term[3]!.toLowerCase(), not };
  });
}

/** Everything fits. A term without its value is one that is being typed: it fits everything. */
export const fits = (row: ClusterRow, terms: readonly Term[]): boolean => terms.every((term) => term.value === "" || one(row, term) !== term.not);

function one(row: ClusterRow, { key, sign, value }: Term): boolean {
  switch (key) {
    case "dc":
      return row.sites.some((site) => site.toLowerCase() === value) || (value === "none" && row.sites.length === 0);
    case "tag":
      return row.tags.some((tag) => tag.toLowerCase() === value || tag.toLowerCase().startsWith(value + "="));
    case "version":
      return row.versions.some((version) => version.toLowerCase().startsWith(value));
    case "status":
      return row.status === (words[value] ?? value);
    case "auto":
      return (row.auto_recovery.primary && row.auto_recovery.intermediate) === (value === "on");
    case "finding":
      return (row.affected > 0 || row.status !== "ok") === (value !== "no");
    case "lag":
      return compare(row.max_lag_s, sign, value, lengths);
    case "servers":
      return compare(row.servers, sign, value);
    case "risk":
      // What cannot be known may be more than anything.
      return compare(row.forecast?.would ? (row.forecast.risk ?? Infinity) : null, sign, value);
    case "lost":
      return compare(row.lost && (row.lost.unknown > 0 ? Infinity : row.lost.transactions), sign, value);
    default:
      return names(row).some((name) => name.includes(value));
  }
}

/** The words of the page for statuses, and what the former page called them. */
const words: Record<string, string> = { healthy: "ok", warning: "warn", critical: "crit", recovering: "run", downtime: "pause", unseen: "stale" };

const names = (row: ClusterRow): string[] => [row.alias, row.name, row.domain ?? "", ...row.tree.map((dot) => dot.key)].map((name) => name.toLowerCase());

/** The units of a lag, in seconds. */
const lengths: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** What is not known is neither more nor less than anything. */
function compare(is: number | null, sign: string, value: string, units: Record<string, number> = {}): boolean {
  const unit = units[value.slice(-1)];
  const than = unit && value.length > 1 ? Number(value.slice(0, -1)) * unit : Number(value);
  if (is === null || Number.isNaN(than)) return false;
  return sign === ">" ? is > than : sign === "<" ? is < than : is === than;
}

/** Whether a text chooses clusters by more than their names. */
export const isFilter = (text: string): boolean => parse(text).some((term) => term.key !== "" && term.value !== "");

/** The text with its last word completed by what the clusters have; as it is where nothing fits. */
export function completed(filter: string, rows: readonly ClusterRow[]): string {
  const last = wordsOf(filter).at(-1) ?? "";
  const term = /^(-?)([a-z]+):(.*)$/i.exec(last);
  if (!term || !filter.endsWith(last)) return filter;
  const value = term[3]!.replaceAll('"', "").toLowerCase();
  const all = valuesOf(term[2]!.toLowerCase(), rows).filter((one) => one.toLowerCase().startsWith(value) && one.toLowerCase() !== value);
  const next = all.sort()[0];
  return next === undefined ? filter : `${filter.slice(0, filter.length - last.length)}${term[1]}${term[2]}:${/\s/.test(next) ? `"${next}"` : next}`;
}

/** What may stand behind a word of the filter. */
function valuesOf(key: string, rows: readonly ClusterRow[]): string[] {
  switch (key) {
    case "dc":
    case "site":
      return rows.flatMap((row) => row.sites);
    case "tag":
      return rows.flatMap((row) => row.tags);
    case "version":
      return rows.flatMap((row) => row.versions);
    case "status":
      return Object.keys(words);
    case "auto":
      return ["on", "off"];
    case "finding":
      return ["any", "no"];
    default:
      return [];
  }
}

/** The filter with a term added, or without it when it is there. */
export function toggled(filter: string, word: string): string {
  const all = wordsOf(filter);
  return (all.includes(word) ? all.filter((one) => one !== word) : [...all, word]).join(" ");
}

export const has = (filter: string, word: string): boolean => wordsOf(filter).includes(word);

/** A term of the filter for a site; a name with a space stands in quotes. */
export const siteTerm = (site: string): string => (/\s/.test(site) ? `dc:"${site}"` : `dc:${site}`);

/** Which sites are chips: all of them where there is room for so many, else the first ones and those that are chosen; and which are in the list. */
export function chipsOf(sites: readonly string[], chosen: (site: string) => boolean, most: number): { chips: string[]; more: string[] } {
  if (sites.length <= most) return { chips: [...sites], more: [] };
  const first = Math.max(0, most - 1);
  return { chips: sites.filter((site, at) => at < first || chosen(site)), more: sites.slice(first) };
}
