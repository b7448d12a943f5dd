import { effect, signal } from "@preact/signals";
import { get } from "../api/client.ts";
import { connection } from "../api/events.ts";
import type { Nodes } from "../api/types.ts";

/** The managers, as this node knows them; null until it has said so. */
export const nodes = signal<Nodes | null>(null);

export async function readNodes(): Promise<void> {
  nodes.value = await get<Nodes>("nodes");
}

const everyMs = 15_000;

/** Keeps them current: there is no event of them, and who leads changes rarely. */
export function followNodes(): void {
  const read = (): void => void readNodes().catch(() => undefined); // the live mark says that nothing answers
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
