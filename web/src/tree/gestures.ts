// What the pointer does on the canvas: pan, zoom, select, drag. Nothing of the layout is read while it moves.
import { scene, toggleFold, toggleShut } from "./scene.ts";
import { commonSource, drop, ghostAt, hover, moving, pickUp, putDown } from "./moving.ts";
import { cardAt, panBy, screenSize, view, zoomBy } from "./plane.ts";
import { canAct } from "../model/acting.ts";
import { focused, select, selection } from "./selection.ts";
import { cluster } from "../model/cluster.ts";

const far = 5; // px from which on it is no click
const longPress = 400; // ms
const openAfter = 600; // ms over a folded card while dragging
const edge = 36; // px from the side at which the plane follows a drag
const edgeSpeed = 9;

type Down = { id: number; x: number; y: number; card?: string | undefined; kids: boolean; touch: boolean; panning: boolean; /** Something was picked up: it is no click any more, whatever became of it. */ lifted: boolean };

/** Has the pointer work on a canvas, until the returned function is called. */
export function gestures(box: HTMLElement): () => void {
  let down: Down | undefined;
  let origin = { x: 0, y: 0 }; // of the canvas on the screen
  let last = { x: 0, y: 0 };
  const fingers = new Map<number, { x: number; y: number }>();
  let press: ReturnType<typeof setTimeout> | undefined;
  let opening: { id: string; timer: ReturnType<typeof setTimeout> } | undefined;
  let frame = 0;

  const measure = (): void => {
    const at = box.getBoundingClientRect();
    origin = { x: at.left, y: at.top };
  };

  const lift = (kids: boolean, card: string): void => {
    const item = scene.peek().folded.items.get(card);
    if (!item || !canAct.peek()) return;
    if (item.many) {
      const source = scene.peek().servers.get(item.servers[0]!)?.source;
      if (source) pickUp(source, "drag", { all: true, only: item.servers });
      return;
    }
    // One of several that are selected takes the others along, where all of them have one source.
    const together = selection.peek();
    const source = !kids && together.length > 1 && together.includes(card) ? commonSource(together) : undefined;
    if (source) pickUp(source, "drag", { all: true, only: together });
    else pickUp(card, "drag", kids ? { all: true } : {});
  };

  /** What the pointer is over while something is dragged. */
  const over = (x: number, y: number): void => {
    ghostAt.value = { x, y };
    const at = cardAt(x - origin.x, y - origin.y);
    const item = at && scene.peek().folded.items.get(at.id);
    hover(item && !item.many ? at.id : undefined, at !== undefined && at.part < 1 / 3);
    if (opening?.id !== at?.id) {
      clearTimeout(opening?.timer);
      opening = item?.many || (item && item.shut > 0) ? { id: item.id, timer: setTimeout(() => (item.many ? toggleFold(item.id) : toggleShut(item.id)), openAfter) } : undefined;
    }
  };

  const follow = (): void => {
    frame = 0;
    if (!moving.peek() || !down) return;
    const { width, height } = screenSize.peek();
    const x = last.x - origin.x;
    const y = last.y - origin.y;
    const dx = x < edge ? edgeSpeed : x > width - edge ? -edgeSpeed : 0;
    const dy = y < edge ? edgeSpeed : y > height - edge ? -edgeSpeed : 0;
    if (dx === 0 && dy === 0) return;
    panBy(dx, dy);
    over(last.x, last.y);
    frame = requestAnimationFrame(follow);
  };

  const onDown = (event: PointerEvent): void => {
    if (event.button !== 0 || (event.target as Element).closest("button, a, input")) return;
    measure();
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size > 1) {
      clearTimeout(press);
      down = undefined;
      return;
    }
    const card = (event.target as Element).closest<HTMLElement>("[data-id]")?.dataset["id"];
    const kids = (event.target as Element).closest("[data-kids]") !== null;
    down = { id: event.pointerId, x: event.clientX, y: event.clientY, card, kids, touch: event.pointerType === "touch", panning: false, lifted: false };
    last = { x: event.clientX, y: event.clientY };
    if (down.touch && card) {
      press = setTimeout(() => {
        if (!down) return;
        box.setPointerCapture(down.id);
        down.lifted = true;
        lift(kids, card);
      }, longPress);
    }
  };

  const onMove = (event: PointerEvent): void => {
    const before = fingers.get(event.pointerId);
    if (before && fingers.size === 2) {
      pinch(event, before);
      return;
    }
    if (!down || event.pointerId !== down.id) return;
    const dx = event.clientX - last.x;
    const dy = event.clientY - last.y;
    last = { x: event.clientX, y: event.clientY };
    if (moving.peek()?.how === "drag") {
      over(last.x, last.y);
      if (frame === 0) frame = requestAnimationFrame(follow);
      return;
    }
    if (down.lifted) return; // put down by Escape, and the button is still pressed
    if (!down.panning && Math.hypot(event.clientX - down.x, event.clientY - down.y) <= far) return;
    clearTimeout(press);
    if (!down.panning) box.setPointerCapture(down.id);
    if (down.card && !down.touch && !down.panning && canAct.peek()) {
      down.lifted = true;
      lift(down.kids, down.card);
      over(last.x, last.y);
      return;
    }
    down.panning = true;
    panBy(dx, dy);
  };

  const pinch = (event: PointerEvent, before: { x: number; y: number }): void => {
    const other = [...fingers].find(([id]) => id !== event.pointerId)![1];
    const was = Math.hypot(before.x - other.x, before.y - other.y);
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const is = Math.hypot(event.clientX - other.x, event.clientY - other.y);
    if (was > 0) zoomBy(is / was, { x: (event.clientX + other.x) / 2 - origin.x, y: (event.clientY + other.y) / 2 - origin.y });
  };

  const onUp = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    clearTimeout(press);
    clearTimeout(opening?.timer);
    opening = undefined;
    const was = down;
    if (!was || event.pointerId !== was.id) return;
    down = undefined;
    const is = moving.peek();
    if (is?.how === "drag") {
      if (is.verdicts) drop(is.over, is.swap);
      else putDown();
      return;
    }
    if (was.panning || was.lifted) return;
    if (!was.card) {
      if (!event.shiftKey) select(undefined);
      return;
    }
    click(was.card, was.kids, event.shiftKey || event.ctrlKey || event.metaKey);
  };

  const click = (card: string, kids: boolean, more: boolean): void => {
    const item = scene.peek().folded.items.get(card);
    if (!item) return;
    focused.value = card;
    if (item.many) toggleFold(card);
    else if (kids) toggleShut(card);
    else if (moving.peek()?.how === "keys") drop(card, false);
    else if (cluster.peek()) select(card, more);
  };

  const onCancel = (event: PointerEvent): void => {
    fingers.delete(event.pointerId);
    clearTimeout(press);
    down = undefined;
    if (moving.peek()?.how === "drag") putDown();
  };

  const onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      measure();
      zoomBy(Math.exp(-event.deltaY * 0.0022), { x: event.clientX - origin.x, y: event.clientY - origin.y });
    } else panBy(event.shiftKey ? -event.deltaY : -event.deltaX, event.shiftKey ? 0 : -event.deltaY);
  };

  const observer = new ResizeObserver((entries) => {
    const { width, height } = entries[0]!.contentRect;
    screenSize.value = { width, height };
  });
  observer.observe(box);
  box.addEventListener("pointerdown", onDown);
  box.addEventListener("pointermove", onMove);
  box.addEventListener("pointerup", onUp);
  box.addEventListener("pointercancel", onCancel);
  box.addEventListener("wheel", onWheel, { passive: false });
  return () => {
    observer.disconnect();
    clearTimeout(press);
    clearTimeout(opening?.timer);
    cancelAnimationFrame(frame);
    box.removeEventListener("pointerdown", onDown);
    box.removeEventListener("pointermove", onMove);
    box.removeEventListener("pointerup", onUp);
    box.removeEventListener("pointercancel", onCancel);
    box.removeEventListener("wheel", onWheel);
  };
}

/** Where a card is on the screen, for the ghost of a move by keys. */
export function onScreen(id: string, origin: DOMRect): { x: number; y: number } {
  const at = scene.peek().placed.boxes.get(id);
  const v = view.peek();
  return at ? { x: origin.left + (at.x + at.w * 0.72) * v.zoom + v.x, y: origin.top + (at.y + at.h * 0.8) * v.zoom + v.y } : { x: origin.left, y: origin.top };
}
