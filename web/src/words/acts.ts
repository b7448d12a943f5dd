// What the panels and tabs of a cluster say by themselves.

/** The tabs of a cluster. */
export const tabText = {
  noRecoveries: "No recoveries",
  nothingRepaired: "Nothing had to be repaired in this cluster, as far as is recorded.",
  plan: "Plan",
  topology: "Topology",
  details: "Details",
} as const;

/** The menu of all operations. */
export const menuText = {
  moreFor: (server: string | number): string => `More for ${server}`,
  pauses: "writes or reads pause",
  mayLose: "data may be lost, or it cannot be undone",
  operationsOn: (server: string | number): string => `Operations on ${server}`,
  needsTheRole: (role: string | number): string => `needs the role ${role}`,
  notPossibleNow: "not possible now",
} as const;

/** Several servers that are selected. */
export const severalText = {
  selectNone: "Select none",
  moveTogether: "Move together…",
  downtime: "Downtime…",
  tags: "Tags…",
  promotionRule: "Promotion rule…",
  sameSource: "They can be moved together when they replicate from the same source.",
  notPartOfTheCluster: "not part of the cluster",
} as const;

/** A planned switchover, or a takeover by hand. */
export const takeoverText = {
  whoTakesOver: "Who takes over",
  byThisPlan: "It takes over by this plan.",
  startOld: "The old primary replicates from the new one at once",
  runTheHooks: "Run the hooks",
  evenIfAlive: "Fail over now, even if it still lives. Transactions may be lost.",
} as const;
