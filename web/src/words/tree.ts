// What the tree of a cluster says by itself.

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
  group: (name: string, online: number, members: string): string => `group ${name}, ${online} of ${members} online`,
  more: (servers: string): string => `, with ${servers} below`,
  detached: "Detached",
  unknownSource: (source: string): string => `Its source ${source} is not known`,
  lost: "Lost",
  alone: "Replicates from nobody",
} as const;
