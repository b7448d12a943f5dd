import { signal } from "@preact/signals";
import { alarm, say } from "../ui/live.ts";
import { Refusal } from "../api/client.ts";
import type { Status } from "../words/en.ts";

/** A message that goes away by itself. It is never the only place of an error. */
export type Toast = {
  status: Status;
  text: string;
  /** What can be done about it. */
  action?: { name: string; icon?: string; do: () => void } | undefined;
  /** What tells more of it. */
  more?: { name: string; do: () => void } | undefined;
  /** Where there is more. */
  details?: string | undefined;
};

/** Those that wait; the first one is shown. */
export const toasts = signal<Toast[]>([]);

export function toast(is: Toast): void {
  toasts.value = [...toasts.peek(), is];
  (is.status === "crit" ? alarm : say)(is.text);
}

export const dismiss = (): void => {
  toasts.value = toasts.peek().slice(1);
};

/** Tells why something was refused, in the server's words. */
export function tellRefusal(error: unknown): void {
  const problem = error instanceof Refusal ? error.problem : undefined;
  const remedy = problem?.remedy ? ` ${problem.remedy}` : "";
  toast({ status: "crit", text: (problem?.detail ?? String(error)) + remedy });
}
