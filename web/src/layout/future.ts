// The tree as it will be when a plan has run: what its steps say, and nothing that the page makes up.
import type { Plan, Server } from "../api/types.ts";
import { treeText } from "../words/tree.ts";

export type Ahead = {
  servers: Server[];
  /** Who takes the writes then. */
  primary?: string | undefined;
  /** Who is changed, and how it was until now. */
  was: ReadonlyMap<string, string>;
};

export function ahead(servers: readonly Server[], primary: string | undefined, plan: Pick<Plan, "steps">, name: (key: string) => string): Ahead {
  const now = new Map(servers.map((server) => [server.key, server]));
  const next = new Map(now);
  const opened = new Set<string>();
  for (const { server: key, source, verb } of plan.steps) {
    const server = next.get(key);
    if (!server) continue;
    if (source !== undefined) next.set(key, { ...server, source, source_known: true });
    else if (verb === "forget-source") next.set(key, { ...server, source: undefined });
    else if (verb === "set-writable") opened.add(key);
  }
  const promoted = [...opened].find((key) => next.get(key)!.source === undefined && now.get(key)!.source !== undefined);
  const was = new Map<string, string>();
  for (const [key, server] of next) {
    const before = now.get(key)!;
    if (promoted !== undefined && key === promoted) {
      next.set(key, { ...server, role: "primary", read_only: false });
      was.set(key, treeText.untilNowAReplica);
    } else if (promoted !== undefined && key === primary) {
      next.set(key, { ...server, role: server.source === undefined ? "detached" : "replica", read_only: true });
      was.set(key, treeText.untilNowThePrimary);
    } else if (server.source !== before.source) {
      was.set(key, before.source ? treeText.untilNowBelow(name(before.source)) : treeText.untilNowWithoutASource);
    }
  }
  return { servers: [...next.values()], primary: promoted ?? primary, was };
}
