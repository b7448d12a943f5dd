import { computed, signal } from "@preact/signals";
import { boot } from "../api/boot.ts";
import { get } from "../api/client.ts";
import type { Me } from "../api/types.ts";

/** Who looks at the page, and what they may do; null until the server has said it. */
export const me = signal<Me | null>(boot.me);

export const mayOperate = computed(() => me.value?.may_operate ?? false);

export async function readMe(): Promise<void> {
  me.value = await get<Me>("me");
}
