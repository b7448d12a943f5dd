// What the stream of events makes of a cluster. Pure.
import type { Cluster, Event } from "../api/types.ts";

/** The name by which a cluster is asked for again. After a failover its old name may be that of the lost primary, alone: so it
 * is its alias, where it has one, else the server that was promoted, else the name that was asked for first. */
export function steadyName(first: string, known: Cluster | null, promoted: string | undefined): string {
  return known && known.alias !== known.name ? known.alias : (promoted ?? first);
}

/** Whether an event would leave the page with what a failover has left behind: without its alias, or without who was promoted. */
export const leftBehind = (is: Cluster, next: Cluster, promoted: string | undefined): boolean =>
  (is.alias !== is.name && next.alias !== is.alias) || (promoted !== undefined && is.members.some((one) => one.key === promoted) && !next.members.some((one) => one.key === promoted));

/** What an event makes of a cluster: the same when it says nothing of it, and "reload" when something is missing. */
export function patched(is: Cluster, name: string, event: Event): Cluster | "reload" {
  if (event.cluster !== is.name) return is;
  if (name === "notice" && (event.what === "cluster-gone" || event.what === "held" || event.what === "finished")) return "reload";
  if (name === "audit" && event.audit?.kind === "ack-recovery") return "reload"; // what it blocked is blocked no more
  if (name === "plan" && event.plan) {
    const others = is.plans.filter((plan) => plan.id !== event.plan!.id);
    return { ...is, plans: event.plan.state === "running" ? [...others, event.plan] : others };
  }
  if (name !== "patch") return is;
  if (event.members || event.gone || event.findings) {
    // An event without "from" tells all there is.
    if (event.from && event.from !== is.revision && event.to !== is.revision) return "reload";
  }
  const next: Cluster = { ...is, ...event.row };
  if (event.forecast) next.forecast = event.forecast;
  if (event.findings) next.findings = event.findings;
  if (event.members || event.gone) {
    const changed = new Map(event.members?.map((server) => [server.key, server]));
    const gone = new Set(event.gone);
    next.members = is.members.filter((server) => !gone.has(server.key)).map((server) => changed.get(server.key) ?? server);
    const known = new Set(next.members.map((server) => server.key));
    for (const [key, server] of changed) if (!known.has(key)) next.members.push(server);
  }
  return next;
}
