import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { effect } from "@preact/signals";
import { clusterAlias } from "../model/cluster.ts";
import { mayOperate } from "../model/me.ts";
import { below } from "../layout/forest.ts";
import type { Frame } from "../layout/place.ts";
import { serverCell } from "../model/cluster.ts";
import { plural } from "../words/en.ts";
import { apartText } from "../words/tree.ts";
import { Card, ManyCard } from "./card.tsx";
import { Find, finding } from "./find.tsx";
import { gestures } from "./gestures.ts";
import { Ghost } from "./ghost.tsx";
import { focusCard, press } from "./keys.ts";
import { Lines } from "./lines.tsx";
import { MiniMap } from "./minimap.tsx";
import { moving, putDown } from "./moving.ts";
import { name } from "./names.ts";
import { hideFine } from "./options.ts";
import { detail, fitAll, present, reveal, screenSize, untouched, view } from "./plane.ts";
import { cardOf, scene } from "./scene.ts";
import { focused, selection } from "./selection.ts";

type Props = { onExplain: () => void; onPromote: (key: string) => void };

/** The tree: cards over one picture of lines, in one plane that is moved and zoomed as a whole. */
export function Canvas({ onExplain, onPromote }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const stop = gestures(box.current!);
    const undo = effect(() => {
      const { x, y, zoom } = view.value;
      stage.current?.style.setProperty("transform", `translate(${x}px, ${y}px) scale(${zoom})`);
    });
    const refit = effect(() => {
      void scene.value;
      void screenSize.value;
      if (untouched.value) fitAll();
    });
    return () => {
      stop();
      undo();
      refit();
      untouched.value = true;
    };
  }, []);
  useEffect(() => {
    const card = selection.value[0] && cardOf(selection.value[0]);
    if (card && box.current?.contains(document.activeElement) === false) reveal(card);
  }, [selection.value[0]]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && moving.peek() && moving.peek()?.how !== "sheet") {
        putDown();
        event.preventDefault();
        event.stopPropagation(); // one press, one thing: what is selected stays so
      }
    };
    addEventListener("keydown", onKey, { capture: true });
    return () => removeEventListener("keydown", onKey, { capture: true });
  }, []);

  const of = scene.value;
  if (!of.placed.boxes.has(focused.value)) {
    const first = of.forest.parts[0]?.roots[0];
    if (first !== undefined) queueMicrotask(() => (focused.value = first));
  }
  const is = moving.value;
  return (
    <div class={`plane ${is ? "dragging" : ""} ${hideFine.value ? "hide-fine" : ""}`} ref={box} id="canvas" data-detail={detail.value} data-operate={mayOperate.value}>
      <div
        class="stage"
        ref={stage}
        onKeyDown={(event) => {
          const id = (event.target as Element).closest<HTMLElement>("[data-id]")?.dataset["id"];
          if (id !== undefined && press(event, id, { explain: onExplain, promote: onPromote })) {
            event.preventDefault();
            event.stopPropagation();
          }
        }}
        onFocusIn={(event) => {
          const id = (event.target as Element).closest<HTMLElement>("[data-id]")?.dataset["id"];
          if (id !== undefined) focused.value = id;
        }}
      >
        <Lines of={of} detail={detail.value} />
        {of.placed.frames.map((frame) => (
          <PartFrame key={frame.part.roots[0]} frame={frame} />
        ))}
        <div class="nodes" role="tree" aria-label={apartText.treeOf(clusterAlias.value)} aria-multiselectable="true">
          {detail.value !== "dots" &&
            present.value.map((id) => {
              const item = of.folded.items.get(id);
              const at = of.placed.boxes.get(id);
              if (!item || !at) return null;
              const level = Math.round(at.x / 290) + 1;
              const replicas = item.many ? 0 : (of.forest.children.get(id) ?? []).length;
              return item.many ? (
                <ManyCard key={id} item={item} box={at} level={level} replicas={0} />
              ) : (
                <Card key={id} item={item} box={at} level={level} replicas={replicas} was={of.was.get(id)} then={of.was.has(id) ? of.servers.get(id) : undefined} />
              );
            })}
        </div>
      </div>
      {finding.value && <Find onFound={focusCard} />}
      <MiniMap />
      {is && <Ghost of={is} />}
    </div>
  );
}

/** The frame of a group, or why a tree stands apart. */
function PartFrame({ frame }: { frame: Frame }): JSX.Element {
  const { part } = frame;
  const place = { left: `${frame.x}px`, top: `${frame.y}px`, width: `${frame.w}px`, height: `${frame.h}px` };
  if (part.kind === "group") {
    const members = part.roots.map((key) => serverCell(key)?.value.group);
    const online = members.filter((group) => group?.state === "ONLINE").length;
    const single = members.some((group) => group?.single_primary);
    const says = apartText.group(part.name ?? "", single, online, plural(members.length, "member"));
    return (
      <div class="grp" style={place}>
        <span title={says}>{says}</span>
      </div>
    );
  }
  return (
    <div class="apart" style={place}>
      {why(part.roots[0]!, part.size)}
    </div>
  );
}

/** Why a tree stands apart. */
function why(root: string, size: number): string {
  const server = serverCell(root)?.value;
  const more = size > 1 ? apartText.more(plural(size - 1, "server")) : "";
  if (!server) return "";
  if (server.role === "detached") return apartText.detached + more;
  if (server.source && !server.source_known) return apartText.unknownSource(name(server.source)) + more;
  if (server.status === "crit") return apartText.lost + more;
  return apartText.alone + more;
}

/** All servers below one, with itself. */
export const subtree = (key: string): string[] => [key, ...below(key, scene.peek().forest.children)];
