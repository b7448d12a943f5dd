// What the screen about those who are told of a new primary says by itself.
import type { HookRun, PublishedEntry } from "../api/types.ts";
import { duration, plural, type Status } from "./en.ts";

/** Who is told, and when. */
export const publishText = {
  publishing: "Publishing",
  nobodyIsTold: "Nobody is told when a primary changes.",
  nobodyToldMeans: "Clients and proxies have to find the new primary: by a key in Consul, etcd or ZooKeeper, by a program that is run after a failover and moves a virtual address, changes a name in DNS or tells ProxySQL, or by a proxy that looks at read_only itself.",
  writtenWhen: "Each failover writes the new primary at once. Each entry is read back about once a minute, and put right where somebody has changed it.",
  told: (stores: readonly string[], occasions: number): string =>
    `${stores.length > 0 ? `Primaries are written to ${stores.join(" and ")}. ` : ""}${occasions > 0 ? `Programs run on ${plural(occasions, "occasion")}.` : ""}`,
  writeAllPrimariesAgain: "Write all primaries again…",
  writeAgain: "Publish again…",
  withoutPrograms: "Without programs",
  nothingIsRun: "Nothing is run …",
  plan: "Plan",
} as const;

/** On which occasion the programs of each list are run. */
export const occasions: Record<string, string> = {
  "OnFailureDetectionProcesses": "when a failure is found, whether or not it is repaired",
  "PreGracefulTakeoverProcesses": "before a planned switchover; one that fails stops it",
  "PreFailoverProcesses": "before a repair; one that fails stops it",
  "PostFailoverProcesses": "after a repair that succeeded",
  "PostUnsuccessfulFailoverProcesses": "after a repair that failed",
  "PostMasterFailoverProcesses": "after a new primary has taken over",
  "PostIntermediateMasterFailoverProcesses": "after the replicas of an intermediate source were moved",
  "PostGracefulTakeoverProcesses": "after a planned switchover",
  "PostTakeMasterProcesses": "after a replica took the place of its source",
  "RebuildProcesses": "to rebuild a server that cannot be taken back",
};

/** What the stores outside say. */
export const entriesText = {
  title: "What is read outside",
  kinds: { internal: "in the backend", name: "name", hooks: "programs" } as Record<string, string>,
  notReadable: "cannot be read back",
  cannotBe: "cannot be told",
  cluster: "Cluster",
  store: "Store",
  wanted: "Is to say",
  says: "Says",
  checked: "Checked",
  changed: "Last change",
  state: "State",
  notYet: "not yet",
  notHere: "not since the start",
  nothing: "nothing",
  wasChanged: "was changed by somebody",
  inPlace: (value: string, place: string): string => `${value || "nothing"} in ${place}`,
  since: " Since ",
  drifted: (value: string): string => `It said ${value || "nothing"}, which nobody here had written, and was found so `,
  putRight: "; it has been put right.",
  noneHere: "This manager does not publish, or has not begun to: the one that leads knows what the stores say.",
} as const;

export const entryStatus: Record<PublishedEntry["state"], Status> = { "in-order": "ok", unreadable: "info", unseen: "stale", elsewhere: "crit", held: "pause", differs: "warn", newer: "crit", failing: "crit" };
export const entryWord: Record<PublishedEntry["state"], string> = {
  "in-order": "in order", unreadable: "cannot be read back", elsewhere: "is another", unseen: "not read yet", held: "left as it is", differs: "differs", newer: "holds something newer", failing: "cannot be reached",
};

/** The programs, and their last runs. */
export const hooksText = {
  test: "Test run…",
  neverRan: "It has not run since the manager began.",
  lastRuns: "Last runs",
  ended: (run: HookRun): string => (run.exit_code === null ? "was stopped, or not started" : run.exit_code === 0 ? "ended well (0)" : `ended with ${run.exit_code}`),
  took: (ms: number, limit: number | null): string => (limit === null ? `${duration(ms)}, without a limit` : `${duration(ms)} of ${duration(limit)} allowed`),
  isTest: "test",
  background: "nobody waited for it",
  noOutput: "It wrote nothing.",
  recovery: "Its recovery",
  keptBy: (node: string): string => `Runs are those of ${node} since it began, 20 for each list; its log has all of them.`,
} as const;
