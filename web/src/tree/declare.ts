// Which of the small dialogs about servers is open: what people declare.
import { signal } from "@preact/signals";

export type Declaring = { what: "downtime" | "maintenance" | "tags" | "rule" | "move"; servers: readonly string[] };

export const declaring = signal<Declaring | null>(null);

export const declare = (what: Declaring["what"], servers: readonly string[]): void => void (declaring.value = { what, servers });

export const declared = (): void => void (declaring.value = null);
