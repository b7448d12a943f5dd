import { computed, effect, signal } from "@preact/signals";
import { get, latest } from "../api/client.ts";
import { connection, listen, want } from "../api/events.ts";
import type { Nodes, Switch } from "../api/types.ts";
import { moment } from "../words/en.ts";
import { clock } from "./clock.ts";
import { fleet } from "./fleet.ts";
import { preferences } from "./preferences.ts";

/** The managers, as this node knows them; null until it has said so. */
export const nodes = signal<Nodes | null>(null);

export const readNodes = latest(() => get<Nodes>("nodes"), (is) => (nodes.value = is));

const everyMs = 15_000;

/** The switch for all automatic recoveries, with who turned it off, why and until when; null until it is read. */
export const globalSwitch = signal<Switch | null>(null);

/** Until when it is off, for people; "" when it is on, or off until somebody turns it on. */
export const offUntil = computed(() => {
  const until = fleet.value?.auto_recovery === false ? (globalSwitch.value?.until ?? fleet.value.auto_recovery_off_until) : undefined;
  return until ? moment(until, clock.value, preferences.value.zone === "utc").replace(/:\d\d$/, "") : "";
});

/** Reads whether anything is repaired automatically: somebody else may have turned it off. */
export const readSwitch = latest(() => get<Switch>("auto-recovery"), (is) => {
  globalSwitch.value = is;
  if (fleet.peek() && fleet.peek()!.auto_recovery !== is.enabled) fleet.value = { ...fleet.peek()!, auto_recovery: is.enabled };
});

/** Keeps them as the stream of events has them, and the global switch current: that is turned by other programs, too, who tell nobody. */
export function followNodes(): void {
  const read = (): void => void Promise.all([readNodes(), readSwitch()]).catch(() => undefined); // the live mark says that nothing answers
  want("nodes");
  listen({ reset: read, event: (_name, event) => void (event.nodes && (nodes.value = event.nodes)) });
  setInterval(() => {
    if (!document.hidden && connection.peek().open) void readSwitch().catch(() => undefined);
  }, everyMs);
  let role = "";
  effect(() => {
    const now = `${connection.value.open} ${connection.value.node} ${connection.value.role} ${connection.value.leader}`;
    if (now !== role) read();
    role = now;
  });
}
