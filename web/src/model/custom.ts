import { signal } from "@preact/signals";
import { boot } from "../api/boot.ts";

/** The installation has added to the page. */
export const customised = signal(boot.custom ?? false);

/**
 * The events by which custom.js learns of a cluster's page, as it always did: before it is drawn and after. The second one
 * waits until the browser has painted.
 */
export function announceCluster(): void {
  document.dispatchEvent(new CustomEvent("orchestrator:preRenderCluster"));
  requestAnimationFrame(() => setTimeout(() => document.dispatchEvent(new CustomEvent("orchestrator:postRenderCluster"))));
}
