// Whether anything can be changed at this moment, and why not. Who may change anything at all is another matter (model/me.ts).
import { computed } from "@preact/signals";
import { connection } from "../api/events.ts";
import { text } from "../words/en.ts";
import { clock } from "./clock.ts";
import { mayOperate } from "./me.ts";
import { nodes } from "./nodes.ts";

/** After how many seconds without a word from the server the page says so and looks different. */
const silentAfter = 12;

/** For how many seconds nothing was heard. */
export const silentFor = (): number => {
  void clock.value; // it is told anew every second
  return Math.max(0, (Date.now() - connection.value.heard) / 1000);
};

/** What is shown is old: nothing can be changed until the server speaks again. */
export const frozen = computed(() => silentFor() >= silentAfter);

/** Nobody leads: nothing would be carried out. */
export const leaderless = computed(() => nodes.value !== null && nodes.value.leader === "");

/** Why those who may change something cannot do so now; "" when they can. */
export const hindered = computed(() => (frozen.value ? text.frozenActs : leaderless.value ? nodes.value!.sentence : ""));

/** What is asked for would be carried out. */
export const canAct = computed(() => mayOperate.value && hindered.value === "");
