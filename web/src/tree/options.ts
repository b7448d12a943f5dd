// How the tree is shown. Kept on this machine.
import { effect, signal } from "@preact/signals";
import { naming, type Naming } from "./names.ts";

type Options = { site?: boolean; naming?: Naming; fine?: boolean };

const slot = "tree";

function stored(): Options {
  try {
    return (JSON.parse(localStorage.getItem(slot) ?? "{}") as Options | null) ?? {};
  } catch {
    return {};
  }
}

const first = stored();

/** The left edge of a card has the hue of its site. */
export const colourBySite = signal(first.site ?? false);

/** Replicas that are fine step back. */
export const hideFine = signal(first.fine ?? false);

naming.value = first.naming === "aliases" ? "aliases" : "names";

effect(() => {
  const options: Options = { site: colourBySite.value, fine: hideFine.value, naming: naming.value === "anonymous" ? "names" : naming.value };
  try {
    localStorage.setItem(slot, JSON.stringify(options));
  } catch {
    // A private window: it holds until it is closed.
  }
});
