import type { Cluster, Fleet, Me } from "./types.ts";

/** What the document brings along, so that the first paint shows data. Null is what the server could not say. */
export type Boot = { me: Me | null; fleet: Fleet | null; cluster?: Cluster | null; worker: string; custom?: boolean };

export const boot = JSON.parse(document.getElementById("boot")!.textContent!) as Boot;
