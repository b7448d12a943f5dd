import { fleet } from "../model/fleet.ts";
import { unacknowledged } from "../model/attention.ts";
import type { Status } from "../words/en.ts";
import { frameText } from "../words/frame.ts";

export type BadgeIs = { count: number; status?: Status; meaning: string };

/** An entry of the menu. */
export type Entry = {
  name: string;
  icon: string;
  path: string;
  /** The first parts of the addresses at which it counts as opened. */
  covers: string[];
  /** The letter that follows g. */
  key?: string;
  /** It is in the bar of small screens, too. */
  phone?: boolean;
  /** Shown only where somebody must act; of the clusters there is their number. */
  badge?: () => BadgeIs | undefined;
};

/** The menu, in its order; null is a line. */
export const entries: (Entry | null)[] = [
  {
    name: "Clusters", icon: "clusters", path: "clusters", covers: ["clusters", "clusters-analysis", "cluster", "cluster-pools", "discover", "plan"], key: "c", phone: true,
    badge: () => (fleet.value ? { count: fleet.value.clusters.length, meaning: "clusters" } : undefined),
  },
  {
    name: "Problems", icon: "problems", path: "problems", covers: ["problems"], key: "p", phone: true,
    badge: () => {
      const troubled = fleet.value?.not_fine ?? 0;
      const worst = fleet.value?.clusters.some((row) => row.status === "crit") ? "crit" : "warn";
      return troubled > 0 ? { count: troubled, status: worst, meaning: frameText.serversAreNotFine } : undefined;
    },
  },
  {
    name: "Recoveries", icon: "recovery", path: "audit-recovery", covers: ["audit-recovery", "audit-recovery-steps"], key: "r", phone: true,
    badge: () => {
      const running = fleet.value?.recovering ?? 0;
      if (running > 0) return { count: running, status: "run", meaning: frameText.recoveriesAreRunning };
      return unacknowledged.value > 0 ? { count: unacknowledged.value, status: "info", meaning: frameText.recoveriesAreNotAcknowledged } : undefined;
    },
  },
  { name: "Detections", icon: "detect", path: "audit-failure-detection", covers: ["audit-failure-detection"], key: "d" },
  { name: "Audit", icon: "audit", path: "audit", covers: ["audit"], key: "a" },
  null,
  { name: "Managers", icon: "nodes", path: "nodes", covers: ["nodes", "status"], key: "m", phone: true },
  { name: "Publishing", icon: "publish", path: "publish", covers: ["publish"] },
  { name: "Configuration", icon: "config", path: "config", covers: ["config"] },
  { name: frameText.gameDay, icon: "game", path: "game-day", covers: ["game-day"] },
];
