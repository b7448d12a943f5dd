import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { duration } from "../words/en.ts";
import { Icon, Mark } from "../ui/marks.tsx";
import { fallText } from "../words/fall.ts";
import { stepWord } from "../words/recovery.ts";
import type { Bar, Fall } from "./model.ts";
import { aroundOutage, between, marks, moved, type Part, place, scaled, seen } from "./zoom.ts";

type Props = {
  fall: Fall;
  /** A server's name as the page writes it. */
  name: (key: string) => string;
  /** While it is replayed: how far, in milliseconds. */
  head?: number | null;
  /** What of it is shown, and what is to be done when somebody chooses another part. */
  part: Part;
  onPart: (part: Part) => void;
};

const percent = (at: number, part: Part): string => `${place(at, part)}%`;
const wide = (from: number, to: number, part: Part): string => `${place(to, part) - place(from, part)}%`;

/** The steps of a recovery on one line of time; a table for those who hear it. */
export function Waterfall({ fall, name, head = null, part, onPart }: Props): JSX.Element {
  const { bars, outage } = fall;
  const box = useRef<HTMLDivElement>(null);
  const picked = usePicking(box, part, onPart);
  return (
    <div class="fall" role="table" aria-label={fallText.steps} aria-rowcount={bars.length} ref={box}>
      <div class="f-axis" aria-hidden="true">
        <span />
        <div class="f-t">
          {marks(part).map((at) => (
            <span key={at} class={place(at, part) > 94 ? "end" : place(at, part) < 2 ? "begin" : undefined} style={{ left: percent(at, part) }}>
              {at === 0 ? "0" : duration(at)}
            </span>
          ))}
        </div>
      </div>
      {outage && seen(outage.from, outage.to, part) && (
        <div class="f-out">
          <span />
          <div class="f-t">
            <div class={`outband${outage.open ? " open" : ""}${beside(outage, part)}`} style={{ left: percent(outage.from, part), width: wide(outage.from, outage.to, part) }}>
              <span>
                <Icon name="pen" />
                {fallText.noWrites(outage.took)}
              </span>
            </div>
          </div>
        </div>
      )}
      {bars.map((bar) => (
        <Row key={bar.step.n} bar={bar} part={part} name={name} head={head} />
      ))}
      <div class="f-lines" aria-hidden="true">
        {outage && <i class="shade" style={{ left: percent(outage.from, part), width: wide(outage.from, outage.to, part) }} />}
        {part.from === 0 && <i class="zero" style={{ left: "0%" }} />}
        {outage && !outage.open && seen(outage.to, outage.to, part) && <i class="writes" style={{ left: percent(outage.to, part) }} />}
        {head !== null && seen(head, head, part) && <i class="head" style={{ left: percent(head, part) }} />}
        {picked && <i class="pick" style={{ left: percent(picked.from, part), width: wide(picked.from, picked.to, part) }} />}
      </div>
    </div>
  );
}

function Row({ bar, part, name, head }: { bar: Bar; part: Part; name: (key: string) => string; head: number | null }): JSX.Element {
  const [open, setOpen] = useState(false);
  const { step, from, to } = bar;
  const took = step.took_ms ?? (from !== null && to !== null ? to - from : null);
  const todo = head !== null && (from === null || head < from);
  const played = head === null || took === null || from === null ? 100 : head >= from + took ? 100 : head <= from ? 0 : ((head - from) / took) * 100;
  const said = bar.expected ? (step.estimate_ms === null ? fallText.expected : fallText.about(step.estimate_ms)) : took === null ? stepWord[step.state] : duration(took);
  return (
    <div class={["f-row", bar.phase && "first", open && "open", (todo || bar.expected) && "todo"].filter(Boolean).join(" ")} role="row">
      <div class="f-l" role="cell">
        <span class="ph">{bar.phase}</span>
        <Mark status={bar.status} label={stepWord[step.state]} />
        <button type="button" class="ft" aria-expanded={open} onClick={() => setOpen(!open)} title={step.action}>
          {step.action}
          <span class="muted">{name(step.server)}</span>
        </button>
      </div>
      <div class="f-t" role="cell">
        {from !== null && seen(from, from + (took ?? 0), part) && (
          <>
            <i
              class={`bar b-${bar.status}${bar.late ? " b-late" : ""}${bar.expected ? " b-expected" : ""}`}
              style={{ left: percent(from, part), width: `max(4px, ${wide(from, from + (took ?? 0), part)})`, "clip-path": played < 100 ? `inset(0 ${100 - played}% 0 0)` : "none" }}
            />
            <Said at={from} until={from + (took ?? 0)} part={part}>
              {said}
            </Said>
          </>
        )}
        <span class="vh">{from === null ? said : fallText.begins(from, said)}</span>
      </div>
      <div class="more" role="cell">
        {step.why && <p>{step.why}</p>}
        {step.needs && <p>{fallText.needs(step.needs)}</p>}
        {step.until && <p>{fallText.doneWhen(step.until)}</p>}
        {step.undo && <p>{fallText.takenBackBy(step.undo)}</p>}
        {step.no_return && <p>{fallText.noReturn}</p>}
        {step.note && <p>{step.note}</p>}
        {step.error && <p class="t-crit">{step.error}</p>}
      </div>
    </div>
  );
}

/** On which side of its band the words of the outage stand when they do not fit into it. */
function beside(outage: { from: number; to: number }, part: Part): string {
  const [from, to] = [place(outage.from, part), place(outage.to, part)];
  return to - from > 45 ? "" : to < 60 ? " after" : " before";
}

/** How long a bar took: behind it, or before it where there is no room. */
function Said({ at, until, part, children }: { at: number; until: number; part: Part; children: string }): JSX.Element | null {
  if (place(until, part) <= 93) return <span class="ms" style={{ left: `calc(${percent(until, part)} + 8px)` }}>{children}</span>;
  if (place(at, part) >= 12) return <span class="ms" style={{ right: `calc(${100 - place(at, part)}% + 8px)` }}>{children}</span>;
  return null; // the bar fills the line: the row says it when it is opened
}

/** A part of the line of time that is being chosen with the pointer. */
function usePicking(box: { current: HTMLDivElement | null }, part: Part, onPart: (part: Part) => void): Part | null {
  const [picked, pick] = useState<Part | null>(null);
  const now = useRef({ part, onPart });
  now.current = { part, onPart };
  useLayoutEffect(() => {
    const element = box.current!;
    let begin: { x: number; left: number; width: number } | null = null;
    const at = (x: number): number => (x - begin!.left) / begin!.width;
    const chosen = (event: PointerEvent): Part | null => (begin && Math.abs(event.clientX - begin.x) >= leastDrag ? between(now.current.part, at(begin.x), at(event.clientX)) : null);
    const down = (event: PointerEvent): void => {
      const line = (event.target as HTMLElement).closest<HTMLElement>(".f-t");
      if (!line || event.button !== 0 || event.pointerType === "touch") return;
      const { left, width } = line.getBoundingClientRect();
      begin = { x: event.clientX, left, width };
      event.preventDefault(); // nothing is selected as text
    };
    const move = (event: PointerEvent): void => void (begin && pick(chosen(event)));
    const up = (event: PointerEvent): void => {
      const part = chosen(event);
      begin = null;
      pick(null);
      if (part) now.current.onPart(part);
    };
    const leave = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || !begin) return;
      begin = null;
      pick(null);
    };
    element.addEventListener("pointerdown", down);
    addEventListener("pointermove", move);
    addEventListener("pointerup", up);
    addEventListener("keydown", leave);
    return () => {
      element.removeEventListener("pointerdown", down);
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", up);
      removeEventListener("keydown", leave);
    };
  }, []);
  return picked;
}

/** What is less than this was a click, in pixels. */
const leastDrag = 6;

/** The same by buttons: the outage, all of it, nearer and further, earlier and later. */
export function ZoomBar({ fall, part, onPart }: { fall: Fall; part: Part; onPart: (part: Part) => void }): JSX.Element {
  const { end } = fall;
  const around = aroundOutage(fall);
  const whole = part.from <= 0 && part.to >= end;
  const button = (label: string, icon: string, next: Part, off: boolean): JSX.Element => (
    <button type="button" aria-label={label} title={label} disabled={off} onClick={() => onPart(next)}>
      <Icon name={icon} />
    </button>
  );
  return (
    <div class="f-zoom no-print">
      <div class="seg" role="group" aria-label={fallText.part}>
        {around && (
          <button type="button" aria-pressed={part.from === around.from && part.to === around.to} onClick={() => onPart(around)}>
            {fallText.fitOutage}
          </button>
        )}
        <button type="button" aria-pressed={whole} onClick={() => onPart({ from: 0, to: end })}>
          {fallText.fitAll}
        </button>
        {button(fallText.earlier, "back", moved(part, -0.5, end), part.from <= 0)}
        {button(fallText.later, "arrow", moved(part, 0.5, end), part.to >= end)}
        {button(fallText.further, "minus", scaled(part, 2, end), whole)}
        {button(fallText.nearer, "plus", scaled(part, 0.5, end), part.to - part.from < 2)}
      </div>
      <span class="muted hide-phone">{fallText.drag}</span>
    </div>
  );
}
