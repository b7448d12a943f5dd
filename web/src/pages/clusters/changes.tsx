import type { JSX } from "preact";
import { plural } from "../../words/en.ts";
import { fleetText } from "../../words/fleet.ts";

/** How many clusters would stand elsewhere, while nothing moves under the pointer; and the way to have them sorted. */
export const Changes = ({ of }: { of: { changes: number; sortAgain: () => void } }): JSX.Element | null =>
  of.changes === 0 ? null : (
    <button type="button" class="chip moved" onClick={of.sortAgain}>
      {plural(of.changes, "change")}
      {fleetText.sortAgain}
    </button>
  );
