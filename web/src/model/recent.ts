import { signal } from "@preact/signals";

const slot = "recent";
const most = 8;

/** The clusters that were opened last on this machine, by alias. */
export const recent = signal<string[]>(stored());

function stored(): string[] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(slot) ?? "[]");
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  } catch {
    return [];
  }
}

export function opened(alias: string): void {
  if (recent.peek()[0] === alias) return;
  recent.value = [alias, ...recent.peek().filter((one) => one !== alias)].slice(0, most);
  try {
    localStorage.setItem(slot, JSON.stringify(recent.peek()));
  } catch {
    // A private window: it holds until it is closed.
  }
}
