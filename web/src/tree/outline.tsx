import type { JSX } from "preact";
import { hueOf } from "../model/sites.ts";
import { useRef } from "preact/hooks";
import { cluster, serverCell } from "../model/cluster.ts";
import { Icon, Mark, Site } from "../ui/marks.tsx";
import { plural, span } from "../words/en.ts";
import { spoken } from "./card.tsx";
import { Flags, note, versionOf, writes } from "./flags.tsx";
import { Find } from "./find.tsx";
import { finding, isHit } from "./found.ts";
import { name } from "./names.ts";
import { scene, toggleFold, toggleShut } from "./scene.ts";
import { focused, select, selection } from "./selection.ts";
import { press } from "./keys.ts";
import { apartText, treeText } from "../words/tree.ts";

/** The tree as nested lists: for narrow screens and for those who listen. The same actions as in the tree. */
export function Outline({ onExplain, onPromote }: { onExplain: () => void; onPromote: (key: string) => void }): JSX.Element {
  const box = useRef<HTMLUListElement>(null);
  const roots = scene.value.forest.parts.flatMap((part) => part.roots);
  const first = scene.value.folded.items.has(focused.value) ? focused.value : roots[0];
  const walk = (event: KeyboardEvent): void => {
    const row = (event.target as Element).closest<HTMLElement>("[data-id]");
    if (!row) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const rows = [...box.current!.querySelectorAll<HTMLElement>("[data-id]")];
      const next = rows[rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return;
      focused.value = next.dataset["id"]!;
      next.focus();
    } else if (!press(event, row.dataset["id"]!, { explain: onExplain, promote: onPromote })) return;
    event.preventDefault();
  };
  const goTo = (id: string): void => {
    focused.value = id;
    box.current?.querySelector(`[data-id="${CSS.escape(id)}"]`)?.scrollIntoView({ block: "nearest" });
  };
  return (
    <>
    {finding.value && <Find onFound={goTo} />}
    <ul class="outline" role="tree" aria-label={apartText.treeOf(cluster.value?.alias ?? "")} ref={box} onKeyDown={walk}>
      {roots.map((root) => (
        <Branch key={root} id={root} level={1} first={first} />
      ))}
    </ul>
    </>
  );
}

function Branch({ id, level, first }: { id: string; level: number; first: string | undefined }): JSX.Element | null {
  const { folded, forest } = scene.value;
  const item = folded.items.get(id);
  if (!item) return null;
  const children = folded.children.get(id) ?? [];
  const tab = id === first ? 0 : -1;
  return (
    <li role="none">
      {item.many ? <ManyRow id={id} level={level} tab={tab} /> : <Row id={id} level={level} tab={tab} replicas={(forest.children.get(id) ?? []).length} shut={item.shut} />}
      {children.length > 0 && (
        <ul role="group">
          {children.map((child) => (
            <Branch key={child} id={child} level={level + 1} first={first} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Row({ id, level, tab, replicas, shut }: { id: string; level: number; tab: number; replicas: number; shut: number }): JSX.Element | null {
  const server = serverCell(id)?.value;
  if (!server) return null;
  const about = [writes(server) ? "primary" : "", note(server) || (server.source ? `lag ${span(server.lag_s)}` : versionOf(server))].filter(Boolean).join(" · ");
  return (
    <div
      class={`o-row k-${server.status} ${selection.value.includes(id) ? "sel" : ""} ${isHit(id) ? "find-hit" : ""}`}
      data-id={id}
      role="treeitem"
      tabIndex={tab}
      aria-level={level}
      aria-selected={selection.value.includes(id)}
      aria-expanded={replicas > 0 ? shut === 0 : undefined}
      aria-label={spoken(server, replicas)}
      onClick={(event) => select(id, event.shiftKey || event.ctrlKey || event.metaKey)}
    >
      <Mark status={server.status} label={false} />
      <span class="o-name">
        <b>{name(server.key)}</b>
        <span class="muted">{about}</span>
      </span>
      <span class="grow" />
      <Flags of={server} />
      {server.site && <Site name={server.site} hue={hueOf.value(server.site)} />}
      {shut > 0 && (
        <button type="button" class="link" tabIndex={-1} onClick={() => toggleShut(id)}>
          {`+${shut}`}
        </button>
      )}
      <Icon name="chev" />
    </div>
  );
}

function ManyRow({ id, level, tab }: { id: string; level: number; tab: number }): JSX.Element {
  const keys = scene.value.folded.items.get(id)!.servers;
  const bad = keys.filter((key) => serverCell(key)?.value.status !== "ok").length;
  return (
    <div class="o-row" data-id={id} role="treeitem" tabIndex={tab} aria-level={level} aria-expanded={false} aria-label={treeText.folded(keys.length, bad)} onClick={() => toggleFold(id)}>
      <span class="o-name">
        <b>{plural(keys.length, "replica")}</b>
        <span class="muted">{bad === 0 ? treeText.allFine : treeText.someNotFine(bad)}</span>
      </span>
      <span class="grow" />
      <Icon name="plus" />
    </div>
  );
}
