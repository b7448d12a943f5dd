// When what was chosen last, on this machine.

const slot = "uses";
const most = 100;

const uses = new Map<string, number>(stored());

function stored(): [string, number][] {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(slot) ?? "[]");
    return Array.isArray(value) ? (value as [string, number][]) : [];
  } catch {
    return [];
  }
}

export const lastUse = (id: string): number => uses.get(id) ?? 0;

export function used(id: string): void {
  uses.delete(id);
  uses.set(id, Date.now());
  if (uses.size > most) uses.delete(uses.keys().next().value!);
  try {
    localStorage.setItem(slot, JSON.stringify([...uses]));
  } catch {
    // A private window: it holds until it is closed.
  }
}
