import { effect, signal } from "@preact/signals";

export type Theme = "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** The theme that somebody has chosen on this machine; else that of the system. */
export const theme = signal<Theme>(stored() ?? (dark.matches ? "dark" : "light"));

export function choose(next: Theme): void {
  theme.value = next;
  try {
    localStorage.setItem("theme", next);
  } catch {
    // A private window: it holds until it is closed.
  }
}

function stored(): Theme | null {
  try {
    const value = localStorage.getItem("theme");
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null;
  }
}

export function applyTheme(): void {
  dark.addEventListener("change", () => {
    if (!stored()) theme.value = dark.matches ? "dark" : "light";
  });
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  });
}
