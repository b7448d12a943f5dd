import { signal } from "@preact/signals";
import { now } from "../api/client.ts";

/** The server's time, by the second. Ages that are shown are computed from it. */
export const clock = signal(now());

/** Has the clock run; it stands still while nobody looks. */
export function run(): void {
  setInterval(() => {
    if (!document.hidden) clock.value = now();
  }, 1000);
  document.addEventListener("visibilitychange", () => (clock.value = now()));
}
