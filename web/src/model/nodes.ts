import { effect, signal } from "@preact/signals";
import { get } from "../api/client.ts";
import { connection } from "../api/events.ts";
import type { Nodes, Switch } from "../api/types.ts";
import { fleet } from "./fleet.ts";

/** The managers, as this node knows them; null until it has said so. */
export const nodes = signal<Nodes | null>(null);

export async function readNodes(): Promise<void> {
  nodes.value = await get<Nodes>("nodes");
}

const everyMs = 15_000;

/** Reads whether anything is repaired automatically: somebody else may have turned it off. */
async function readSwitch(): Promise<void> {
  const on = (await get<Switch>("auto-recovery")).enabled;
  if (fleet.peek() && fleet.peek()!.auto_recovery !== on) fleet.value = { ...fleet.peek()!, auto_recovery: on };
}

/** Keeps them and the global switch current: there is no event of them, and they change rarely. */
export function followNodes(): void {
  const read = (): void => void Promise.all([readNodes(), readSwitch()]).catch(() => undefined); // the live mark says that nothing answers
  setInterval(() => {
    if (!document.hidden && connection.peek().open) read();
  }, everyMs);
  let role = "";
  effect(() => {
    const now = `${connection.value.open} ${connection.value.node} ${connection.value.role}`;
    if (now !== role) read();
    role = now;
  });
}
