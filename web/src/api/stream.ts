// What tabs and the worker say to each other.

/** From a tab: which topics it wants to hear of. */
export type Wish = { topics: string[] };

/** To a tab: an event of the server, or how the connection is. */
export type Told =
  | { kind: "event"; name: string; id: string; data: unknown }
  | { kind: "state"; open: boolean; retry: number | null };

/** The names of the events of the stream. */
export const eventNames = ["hello", "patch", "step", "plan", "notice", "audit", "writes", "reset", "ping"];

/** How long to wait before connecting again, in seconds; the last one stays. */
export const retries = [1, 2, 5];
