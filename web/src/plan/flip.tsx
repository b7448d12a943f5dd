import type { JSX } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { foreseen, peeking, showNow } from "../tree/scene.ts";
import { planText } from "../words/plan.ts";

/** Keys that are meant for something else: where one writes or presses. The verb of a harmless plan has the focus without being asked for. */
const busy = (at: EventTarget | null): boolean => at instanceof Element && at.closest("input, textarea, select, summary, a, button:not([data-verb]), [contenteditable]") !== null;

/** Whether the tree shows how it will be, or how it is: a switch, and the space bar as long as it is held. */
export function Flip(): JSX.Element | null {
  useLayoutEffect(() => {
    const down = (event: KeyboardEvent): void => {
      if (event.key !== " " || event.defaultPrevented || busy(event.target) || !document.getElementById("canvas") || !foreseen.peek()) return;
      event.preventDefault();
      peeking.value = true;
    };
    const up = (event: KeyboardEvent): void => {
      if (event.key !== " " || !peeking.peek()) return;
      event.preventDefault(); // else letting go would press the button that has the focus
      peeking.value = false;
    };
    const away = (): void => void (peeking.value = false);
    addEventListener("keydown", down);
    addEventListener("keyup", up);
    addEventListener("blur", away);
    return () => {
      removeEventListener("keydown", down);
      removeEventListener("keyup", up);
      removeEventListener("blur", away);
      peeking.value = showNow.value = false;
    };
  }, []);
  if (!foreseen.value || !document.getElementById("canvas")) return null;
  const now = showNow.value !== peeking.value;
  return (
    <div class="flip">
      <div class="seg" role="group" aria-label={planText.theTreeShows}>
        <button type="button" aria-pressed={!now} onClick={() => (showNow.value = false)}>
          {planText.then}
        </button>
        <button type="button" aria-pressed={now} onClick={() => (showNow.value = true)}>
          {planText.now}
        </button>
      </div>
      <small>
        <kbd>{planText.space}</kbd> {planText.heldFlips}
      </small>
    </div>
  );
}
