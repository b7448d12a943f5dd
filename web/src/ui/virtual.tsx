import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** Which of many rows of one height are in view, and some around them. */
export function windowOf(total: number, rowHeight: number, top: number, view: number, spare = 12): [first: number, end: number] {
  const first = Math.max(0, Math.floor(-top / rowHeight) - spare);
  const end = Math.min(total, Math.ceil((view - top) / rowHeight) + spare);
  return first >= end ? [0, Math.min(total, spare)] : [first, end];
}

const fewest = 100;

/** Rows of one height of which only those in view exist. A short list is there as a whole, so that the browser finds in it. */
export function Virtual<T>({ items, height, class: name, row, ...rest }: {
  items: readonly T[];
  height: number;
  class: string;
  row: (item: T, at: number) => ComponentChildren;
  role?: "list" | "rowgroup";
}): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [shown, show] = useState<[number, number]>([0, Math.min(items.length, 60)]);
  const virtual = items.length > fewest;
  useLayoutEffect(() => {
    if (!virtual) return;
    let frame = 0;
    const look = (): void => {
      frame = 0;
      const top = box.current!.getBoundingClientRect().top;
      const next = windowOf(items.length, height, top, innerHeight);
      show((was) => (was[0] === next[0] && was[1] === next[1] ? was : next));
    };
    const soon = (): void => void (frame ||= requestAnimationFrame(look));
    look();
    addEventListener("scroll", soon, { passive: true, capture: true });
    addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", soon, { capture: true });
      removeEventListener("resize", soon);
    };
  }, [virtual, items.length, height]);
  if (!virtual) {
    return (
      <div class={name} {...rest}>
        {items.map(row)}
      </div>
    );
  }
  const [first, end] = shown;
  return (
    <div ref={box} class={`${name} virtual`} style={{ height: `${items.length * height}px` }} {...rest}>
      <div class="v-in" style={{ transform: `translateY(${first * height}px)`, "--row": `${height}px` }}>
        {items.slice(first, end).map((item, n) => row(item, first + n))}
      </div>
    </div>
  );
}
