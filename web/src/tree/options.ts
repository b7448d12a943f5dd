// How the tree is shown. Kept with what else somebody likes; made-up names are for one picture, and are not kept.
import { computed } from "@preact/signals";
import { naming } from "../model/naming.ts";
import { prefer, preferences } from "../model/preferences.ts";

export type TreeOptions = NonNullable<typeof preferences.value.tree>;

const options = computed<TreeOptions>(() => preferences.value.tree ?? {});

const flip = (name: keyof TreeOptions): void => prefer({ tree: { ...options.peek(), [name]: !options.peek()[name] } });

/** The left edge of a card has the hue of its site. */
export const colourBySite = computed(() => options.value.site ?? false);
export const flipSite = (): void => flip("site");

/** Replicas that are fine step back. */
export const hideFine = computed(() => options.value.fine ?? false);
export const flipFine = (): void => flip("fine");

/** A card says in which pools its server is. */
export const showPools = computed(() => options.value.pools ?? false);
export const flipPools = (): void => flip("pools");

/** Cards and rows are lower. */
export const compact = computed(() => preferences.value.density === "compact");
export const flipCompact = (): void => prefer({ density: compact.peek() ? undefined : "compact" });

naming.value = options.peek().aliases ? "aliases" : "names";

export function flipAliases(): void {
  naming.value = naming.peek() === "aliases" ? "names" : "aliases";
  prefer({ tree: { ...options.peek(), aliases: naming.peek() === "aliases" } });
}

export const flipAnonymous = (): void => void (naming.value = naming.peek() !== "anonymous" ? "anonymous" : options.peek().aliases ? "aliases" : "names");
