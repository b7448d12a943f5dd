// What is selected stands in the address; where the focus of the keys is does not.
import { computed, signal } from "@preact/signals";
import { amend, route } from "../model/route.ts";
import { flipped } from "../layout/fold.ts";

/** The servers that are selected. */
export const selection = computed<string[]>(() => (route.value.query.get("sel") ?? "").split(",").filter((key) => key !== ""));

/** Selects a server alone, or takes it in and out of those that are. */
export function select(key: string | undefined, more = false): void {
  const next = key === undefined ? [] : more ? [...flipped(new Set(selection.peek()), key)] : [key];
  amend({ sel: next.join(",") || undefined, plan: undefined });
}

export const selectAll = (keys: readonly string[]): void => amend({ sel: keys.join(",") || undefined, plan: undefined });

/** The card that the keys are at. */
export const focused = signal("");
