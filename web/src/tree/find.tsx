import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { plural } from "../words/en.ts";
import { treeText } from "../words/tree.ts";
import { found, hits, wanted } from "./found.ts";
import { cardOf, scene, toggleFold } from "./scene.ts";
import { focused, select } from "./selection.ts";

export { finding } from "./found.ts";

/** Finds servers in the tree: those that are meant are lit up, and Enter jumps from one to the next. */
export function Find({ onFound }: { onFound: (card: string) => void }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const [at, jumpTo] = useState(-1);
  const all = hits.value;
  useLayoutEffect(() => field.current?.focus(), []); // the next key is for it
  useEffect(() => found, []);
  const jump = (): void => {
    if (all.length === 0) return;
    const n = (at + 1) % all.length;
    jumpTo(n);
    const key = all[n]!;
    const card = cardOf(key);
    if (card !== undefined && card !== key && scene.peek().folded.items.get(card)?.many) toggleFold(card);
    select(key);
    onFound(cardOf(key) ?? key);
    requestAnimationFrame(() => field.current?.focus());
  };
  return (
    <form
      class="find"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        jump();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key !== "Escape") return;
        found();
        onFound(focused.peek()); // nobody else takes the focus
      }}
    >
      <input
        ref={field} type="text" aria-label={treeText.findInTheTree} placeholder={treeText.findInTheTree} value={wanted.value}
        onInput={(event) => {
          wanted.value = event.currentTarget.value;
          jumpTo(-1);
        }}
      />
      <span class="muted" role="status">
        {wanted.value.trim() === "" ? "" : at >= 0 ? `${at + 1} of ${all.length}` : plural(all.length, "hit")}
      </span>
    </form>
  );
}
