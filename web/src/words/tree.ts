// What the tree of a cluster says by itself.
import { plural } from "./en.ts";

/** What the keys do in it. */
export const hintText = {
  walk: "walk",
  details: "details",
  move: "move",
  promote: "promote",
  drag: "Drag a server onto its new source",
} as const;

/** What is shown at the pointer while something is moved. */
export const ghostText = {
  planFirst: "a plan is shown first",
  about: (length: string): string => `about ${length}`,
  leftThird: "left third: take its place",
  drop: "drop it to see the plan",
  byKeys: "Arrow keys choose, Enter shows the plan, Esc stops.",
  byPointer: "Drop it on its new source. Esc stops.",
} as const;

/** The tree as a whole, its groups, and why a part stands apart. */
export const apartText = {
  treeOf: (cluster: string): string => `Replication tree of ${cluster}`,
  group: (name: string, single: boolean, online: number, members: string): string => `${single ? "single-primary" : "multi-primary"}, ${online} of ${members} online · group ${name}`,
  more: (servers: string): string => `, with ${servers} below`,
  detached: "Detached",
  unknownSource: (source: string): string => `Its source ${source} is not known`,
  lost: "Lost",
  alone: "Replicates from nobody",
} as const;

/** Cards, outline, table, and moving. */
export const treeText = {
  untilNowAReplica: "until now a replica",
  untilNowThePrimary: "until now the primary",
  untilNowBelow: (source: string | number): string => `until now below ${source}`,
  untilNowWithoutASource: "until now without a source",
  isAtWork: (who: string, what: string): string => `${who ? `${who} is at work` : "at work"}: ${what}`,
  replicaOf: (source: string | number): string => `replica of ${source}`,
  noLog: "no log",
  notFine: "not fine",
  pools: (pools: readonly string[]): string => `pools: ${pools.join(", ")}`,
  findInTheTree: "Find in the tree",
  semiSyncSource: "semi-sync source",
  acknowledgesWritesSemiSync: "acknowledges writes (semi-sync)",
  promotionRule: (promotionRule: string | number): string => `promotion rule: ${promotionRule}`,
  delayedByOnPurpose: (delayS: string | number): string => `delayed by ${delayS} on purpose`,
  binlogServer: "binlog server",
  moving: (now: string | number, verdicts: string | number): string => `Moving ${now}. ${verdicts}. Arrow keys to choose, Enter to preview, Escape to stop.`,
  onePossibleSource: "1 possible source",
  possibleSources: (n: string | number): string => `${n} possible sources`,
  theReplicas: (server: string | number): string => `the replicas of ${server}`,
  /** What another operation does that is meant by a target, in a few words. */
  swaps: {
    "take-master": "take its place", "graceful-master-takeover-auto": "promote, swap roles", "make-co-master": "make it co-primary", "repoint-replicas": "point them at it anew", "regroup-replicas": "regroup them",
  } as Record<string, string>,
  /** The same in a sentence. */
  swapping: (operation: string, what: string, target: string): string => {
    switch (operation) {
      case "take-master":
        return `${what} takes the place of ${target}`;
      case "make-co-master":
        return `${what} and ${target} become co-primaries: each replicates from the other`;
      case "repoint-replicas":
        return `Point ${what} at it anew`;
      case "regroup-replicas":
        return `Regroup ${what} below the best of them`;
    }
    return `Promote ${what}: ${target} becomes its replica`;
  },
  belowItWouldWork: (instead: string | number): string => ` Below ${instead} it would work.`,
  why: "Why, and where else?",
  moveBelow: (instead: string | number): string => `Move below ${instead}`,
  allFine: "all fine",
  someNotFine: (bad: string | number): string => `${bad} not fine`,
  inWords: "In words",
  selectAll: "Select all",
  select: (of: string | number): string => `Select ${of}`,
  coPrimary: "co-primary",
  folded: (replicas: number, bad: number): string => `${plural(replicas, "replica")}, ${bad} not fine`,
  serversOf: (cluster: string): string => `Servers of ${cluster}`,
  many: (replicas: number, source: string, site: string | undefined, bad: readonly string[]): string => `${plural(replicas, "replica")} of ${source}${site ? ` in ${site}` : ""}, ${bad.length === 0 ? "all fine" : `${bad.length} not fine: ${bad.join(", ")}`}`,
  notPossible: (why: string, rule: string): string => `Not possible: ${why}. Rule: ${rule}`,
  refused: (why: string, rule: string): string => `${why}. Rule: ${rule}.`,
  waitsFor: (needs: number): string => `waits for ${needs === 1 ? "an acknowledgement" : `${needs} acknowledgements`} (semi-sync)`,
  detached: "detached",
  tags: (tags: readonly string[]): string => `tags: ${tags.join(", ")}`,
  remedy: (remedy: string): string => ` Remedy: ${remedy}.`,
} as const;
