// The keys of the tree. Single letters work only while the focus is in it.
import { allowedStep, reading, step, type Way, ways } from "../layout/walk.ts";
import { canAct } from "../model/acting.ts";
import { preferences } from "../model/preferences.ts";
import { lastUndo, shown, takeBack } from "../plan/model.ts";
import { cardId } from "./card.tsx";
import { declare } from "./declare.ts";
import { finding } from "./found.ts";
import { allowed, commonSource, drop, ghostAt, hover, moving, pickUp, putDown } from "./moving.ts";
import { onScreen } from "./gestures.ts";
import { fitAll, reveal, zoomBy } from "./plane.ts";
import { cardOf, foreseen, peeking, scene, toggleFold, toggleShut } from "./scene.ts";
import { focused, select, selection } from "./selection.ts";

/** Puts the focus on a card, and brings it into view. */
export function focusCard(id: string): void {
  focused.value = id;
  reveal(id);
  requestAnimationFrame(() => document.getElementById(cardId(id))?.focus({ preventScroll: true }));
}

/**
 * Begins to move by keys what a card stands for: the server with those that are selected with it, the folded ones, or all
 * replicas of it. Where there is no tree to walk in, or the panel covers it, the list of possible sources is shown.
 */
export function carry(id: string, replicas = false): void {
  const item = scene.peek().folded.items.get(id);
  const together = item?.many ? item.servers : selection.peek().includes(id) && !replicas ? selection.peek() : [id];
  const source = together.length > 1 ? commonSource(together) : undefined;
  if (together.length > 1 && !source) return;
  if ((innerWidth < 760 || !document.getElementById("canvas")) && !replicas) return declare("move", together);
  if (source) pickUp(source, "keys", { all: true, only: together });
  else pickUp(id, "keys", replicas ? { all: true } : {});
  focusCard(cardOf(id) ?? id); // the arrows are for the tree now
  showAt(id);
}

function showAt(id: string): void {
  const canvas = document.getElementById("canvas");
  if (canvas) ghostAt.value = onScreen(id, canvas.getBoundingClientRect());
}

/** What a key does at a card. It says whether it did something. */
export function press(event: KeyboardEvent, id: string, doing: { explain: () => void; promote: (key: string) => void }): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const { placed, folded } = scene.peek();
  const item = folded.items.get(id);
  if (event.key in ways) {
    const way = event.key as Way;
    const is = moving.peek();
    if (is) {
      const next = allowedStep(id, way, reading(placed.boxes), (key) => folded.items.get(key)?.many === false && allowed(is, key));
      focusCard(next);
      hover(next, is.verdicts?.get(next)?.ok === false);
      showAt(next);
      return true;
    }
    if (way === "ArrowRight" && item && (item.many || item.shut > 0)) {
      if (item.many) toggleFold(id);
      else toggleShut(id);
      return true;
    }
    focusCard(step(id, way, placed.boxes, folded.children));
    return true;
  }
  switch (event.key) {
    case "Enter":
      if (moving.peek()) drop(id, moving.peek()!.swap);
      else if (item?.many) toggleFold(id);
      else select(id, event.shiftKey);
      return true;
    case "Escape":
      if (moving.peek()) putDown();
      else if (shown.peek()) return false;
      else select(undefined);
      return true;
    case " ":
      if (foreseen.peek()) peeking.value = true; // until it is let go
      else if (!item?.many) select(id, true);
      return true;
    case "Home":
    case "End": {
      const order = reading(placed.boxes);
      focusCard(order[event.key === "Home" ? 0 : order.length - 1] ?? id);
      return true;
    }
  }
  if (preferences.peek().keys === "off") return false;
  return letter(event.key, id, item?.many ?? true, doing);
}

function letter(key: string, id: string, many: boolean, doing: { explain: () => void; promote: (key: string) => void }): boolean {
  switch (key) {
    case "+":
    case "=":
      zoomBy(1.2);
      return true;
    case "-":
      zoomBy(1 / 1.2);
      return true;
    case "0":
      fitAll();
      return true;
    case "f":
      finding.value = true;
      return true;
    case "e":
      doing.explain();
      return true;
  }
  if (!canAct.peek()) return false;
  if (key === "u") {
    const undo = lastUndo();
    if (undo) void takeBack(undo);
    return undo !== null;
  }
  if (key === "m" || key === "M") {
    carry(id, key === "M" && (scene.peek().forest.children.get(id)?.length ?? 0) > 0);
    return true;
  }
  if (many) return false;
  switch (key) {
    case "p":
      doing.promote(id);
      return true;
    case "d":
      declare("downtime", [id]);
      return true;
    case "t":
      declare("tags", [id]);
      return true;
  }
  return false;
}
