import { signal } from "@preact/signals";

/** What the screen is about: the cluster that is shown, by alias, and the servers that are selected in it. Actions are for these. */
export const selection = signal<{ cluster: string | null; servers: string[] }>({ cluster: null, servers: [] });
