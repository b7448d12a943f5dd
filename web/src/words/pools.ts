// What the tab of pools and tags says by itself.
import { plural, span } from "./en.ts";

export const poolText = {
  none: "No pools",
  how: "A pool is a set of servers that somebody has named, by the command submit-pool-instances or here. A membership ends after InstancePoolExpiryMinutes unless it is submitted again.",
  tags: "Tags",
  sum: (servers: number, worst: string): string => `${plural(servers, "server")} of this cluster${worst}`,
  mostLag: (seconds: number): string => `, ${span(seconds)} of lag at most`,
  edit: "Edit…",
  begin: "New pool…",
  editTitle: (pool: string): string => `Who is in pool ${pool}`,
  beginTitle: "A new pool",
  nameOf: "Name of the pool",
  members: "Servers of this cluster",
  elsewhere: (servers: number): string => `${plural(servers, "member")} in other clusters ${servers === 1 ? "stays" : "stay"}. Names that belong to no known server do not.`,
  onlyHere: "Names that belong to no known server do not stay.",
  showPlan: "Show the plan",
} as const;
