import { computed } from "@preact/signals";
import { fleet } from "./fleet.ts";

const hues = 10;

/** The hue of each site: by the order of the names, so that the same site has the same hue everywhere. */
export const hueOf = computed(() => {
  const places = new Map((fleet.value?.sites ?? []).map((site, at) => [site, (at % hues) + 1]));
  return (site: string): number => places.get(site) ?? 0;
});
