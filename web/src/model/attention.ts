import { signal } from "@preact/signals";
import { get } from "../api/client.ts";
import { connection, listen } from "../api/events.ts";
import type { RecoveryPage } from "../api/types.ts";
import { effect } from "@preact/signals";

/** How many recoveries nobody has acknowledged. */
export const unacknowledged = signal(0);

export async function countUnacknowledged(): Promise<void> {
  const page = await get<RecoveryPage>("recoveries", { unacknowledged: "true", limit: "1" });
  unacknowledged.value = page.total;
}

/** Keeps the number: it is read again when a recovery has ended, and when the stream has come back. */
export function followAttention(): void {
  const read = (): void => void countUnacknowledged().catch(() => undefined); // records may be missing; then there is no number
  listen({ reset: read, event: (name, event) => void (name === "notice" && event.what === "finished" && setTimeout(read, 500)) });
  let was = false;
  effect(() => {
    if (connection.value.open && !was) read();
    was = connection.value.open;
  });
}
