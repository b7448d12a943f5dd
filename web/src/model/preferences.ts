import { effect, signal } from "@preact/signals";
import { send } from "../api/client.ts";
import { boot } from "../api/boot.ts";
import { me } from "./me.ts";

/** What somebody likes. What is not there is as the page comes. */
export type Preferences = {
  theme?: "light" | "dark";
  density?: "compact" | undefined;
  /** Clusters in the side bar, by alias. */
  pins?: string[];
  motion?: "less";
  /** Times as the browser's zone has them, or in UTC. */
  zone?: "utc";
  /** Single letters do nothing. */
  keys?: "off";
  /** Harmless changes run without a look at their plan. */
  preview?: "skip";
  /** The side bar shows icons alone. */
  side?: "folded";
  /** How trees are shown: coloured by site, fine replicas stepping back, pools on the cards, aliases instead of names. */
  tree?: { site?: boolean; fine?: boolean; pools?: boolean; aliases?: boolean };
  /** The panel beside a tree is there only while it shows a plan. */
  panel?: "hidden";
  /** Columns of the table of clusters. */
  columns?: string[];
  /** Filters of the dashboard that were given a name. */
  filters?: { name: string; query: string }[];
};

const slot = "preferences";

/** They are kept with the user's name. Where nobody is asked for one, they stay on this machine: others share the server. */
export const preferences = signal<Preferences>(initial());

function initial(): Preferences {
  return boot.me?.name ? (boot.me.preferences as Preferences) : stored();
}

function stored(): Preferences {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(slot) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Preferences) : {};
  } catch {
    return {};
  }
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** Changes what somebody likes; undefined goes back to how the page comes. */
export function prefer(change: Preferences): void {
  const next: Preferences = { ...preferences.peek(), ...change };
  preferences.value = next;
  try {
    localStorage.setItem(slot, JSON.stringify(next));
  } catch {
    // A private window: it holds until it is closed.
  }
  if (!me.peek()?.name) return;
  clearTimeout(timer);
  timer = setTimeout(() => void send("PUT", "me/preferences", next).catch(() => undefined), 500);
}

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const dark = signal(systemDark.matches);

/** The theme in force. */
export const theme = (): "light" | "dark" => preferences.value.theme ?? (dark.value ? "dark" : "light");

/** Motion is asked for by nobody, or forbidden by the system. */
export const still = (): boolean => preferences.value.motion === "less" || matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Has the document look as it is liked. */
export function applyPreferences(): void {
  systemDark.addEventListener("change", () => (dark.value = systemDark.matches));
  effect(() => {
    const { density, motion, side } = preferences.value;
    const data = document.documentElement.dataset;
    data["theme"] = theme();
    for (const [name, value] of Object.entries({ density, motion, side })) {
      if (value) data[name] = value;
      else delete data[name];
    }
  });
}
