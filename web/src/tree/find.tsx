import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { cluster } from "../model/cluster.ts";
import { plural } from "../words/en.ts";
import { name } from "./names.ts";
import { cardOf, scene, toggleFold } from "./scene.ts";
import { select } from "./selection.ts";
import { treeText } from "../words/tree.ts";

/** The servers that a text means: by name, alias, version, site, tags. */
export function matches(text: string): string[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  return (cluster.peek()?.members ?? [])
    .filter((server) => [server.key, name(server.key), server.alias, server.version, server.site, ...server.tags].some((field) => field?.toLowerCase().includes(wanted)))
    .map((server) => server.key);
}

/** Finds a server in the tree: Enter jumps from hit to hit. */
export function Find({ onFound, onClose }: { onFound: (card: string) => void; onClose: () => void }): JSX.Element {
  const field = useRef<HTMLInputElement>(null);
  const [at, setAt] = useState({ text: "", n: -1 });
  const hits = matches(at.text);
  useLayoutEffect(() => field.current?.focus(), []); // the next key is for it
  const jump = (): void => {
    if (hits.length === 0) return;
    const n = (at.n + 1) % hits.length;
    setAt({ ...at, n });
    const key = hits[n]!;
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
        if (event.key === "Escape") onClose();
      }}
    >
      <input ref={field} type="text" aria-label={treeText.findInTheTree} placeholder={treeText.findInTheTree} value={at.text} onInput={(event) => setAt({ text: event.currentTarget.value, n: -1 })} />
      <span class="muted" role="status">
        {at.text.trim() === "" ? "" : at.n >= 0 ? `${at.n + 1} of ${hits.length}` : plural(hits.length, "hit")}
      </span>
    </form>
  );
}
