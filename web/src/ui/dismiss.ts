import type { RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";

/** Closes what is open over the page: with Escape, which gives the focus back to its button, and when somebody turns to something else. */
export function useDismiss(box: RefObject<HTMLElement | null>, open: boolean, close: () => void): void {
  useLayoutEffect(() => {
    if (!open) return;
    const away = (event: Event): void => {
      const at = event.target as Node;
      // Pressing a label gives the focus to what it stands in, as a label takes none: nobody has turned away.
      if (event.type === "focusin" && at.contains(box.current)) return;
      if (!box.current?.contains(at)) close();
    };
    const escape = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      event.stopPropagation();
      box.current?.querySelector("button")?.focus();
      close();
    };
    const stop = new AbortController();
    const also = { signal: stop.signal, capture: true };
    addEventListener("pointerdown", away, also);
    addEventListener("focusin", away, also);
    addEventListener("keydown", escape, also);
    return () => stop.abort();
  }, [open]);
}
