import type { ComponentType } from "preact";

const later = (): Promise<typeof import("./later.ts")> => import("./later.ts");

/** The screens that come in files of their own. The dashboard is part of the page itself. */
export const screens = {
  cluster: async (): Promise<ComponentType> => (await import("./cluster.tsx")).ClusterPage,
  plan: async (): Promise<ComponentType> => (await import("../plan/page.tsx")).PlanPage,
  recoveries: async (): Promise<ComponentType> => (await later()).Recoveries,
  recovery: async (): Promise<ComponentType> => (await later()).RecoveryPage,
  detections: async (): Promise<ComponentType> => (await later()).Detections,
  audit: async (): Promise<ComponentType> => (await later()).Audit,
  problems: async (): Promise<ComponentType> => (await later()).Problems,
  discover: async (): Promise<ComponentType> => (await later()).Discover,
  search: async (): Promise<ComponentType> => (await later()).Search,
  managers: async (): Promise<ComponentType> => (await later()).Managers,
  configuration: async (): Promise<ComponentType> => (await later()).Configuration,
  publishing: async (): Promise<ComponentType> => (await later()).Publishing,
  gameday: async (): Promise<ComponentType> => (await later()).GameDayPage,
  agents: async (): Promise<ComponentType> => (await later()).Agents,
  about: async (): Promise<ComponentType> => (await later()).About,
  me: async (): Promise<ComponentType> => (await later()).MePage,
  missing: async (): Promise<ComponentType> => (await later()).Missing,
};

/** Fetches what of the page is not there yet, so that all of it can be opened while orchestrator does not answer. */
export const fetchAll = (): Promise<unknown> => Promise.allSettled([later(), screens.cluster(), screens.plan()]);

export type Screen = "clusters" | keyof typeof screens;

/** By the first part of their addresses. All addresses of former versions are among them. */
const byFirst: Record<string, Screen> = {
  "": "clusters", clusters: "clusters", "clusters-analysis": "clusters",
  cluster: "cluster", "cluster-pools": "cluster", plan: "plan",
  "audit-recovery": "recoveries", "audit-recovery-steps": "recovery", "audit-failure-detection": "detections", audit: "audit",
  problems: "problems", discover: "discover", search: "search", nodes: "managers", status: "managers",
  config: "configuration", publish: "publishing", "game-day": "gameday", agents: "agents", agent: "agents", seeds: "agents", "seed-details": "agents", about: "about", home: "about", faq: "about", "keep-calm": "about", me: "me",
};

/** Which screen an address shows. */
export function screenOf(path: string): Screen {
  const [first = "", second] = path.split("/");
  if (first === "audit-recovery" && (second === "uid" || second === "id")) return "recovery";
  return Object.hasOwn(byFirst, first) ? byFirst[first]! : "missing";
}
