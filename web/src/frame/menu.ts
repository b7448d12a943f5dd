import { fleet } from "../model/fleet.ts";
import type { Status } from "../words/en.ts";

/** An entry of the menu. */
export type Entry = {
  name: string;
  icon: string;
  path: string;
  /** The first parts of the addresses at which it counts as opened. */
  covers: string[];
  /** Shown only where somebody must act. */
  badge?: () => { count: number; status?: Status } | undefined;
};

/** The menu, in its order; null is a line. */
export const entries: (Entry | null)[] = [
  {
    name: "Clusters", icon: "clusters", path: "clusters", covers: ["clusters", "clusters-analysis", "cluster", "cluster-pools"],
    badge: () => (fleet.value ? { count: fleet.value.clusters.length } : undefined),
  },
];
