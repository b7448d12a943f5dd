import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { duration } from "../words/en.ts";
import { Icon, Mark } from "../ui/marks.tsx";
import { fallText } from "../words/fall.ts";
import { stepWord } from "../words/recovery.ts";
import type { Bar, Fall } from "./model.ts";

type Props = {
  fall: Fall;
  /** A server's name as the page writes it. */
  name: (key: string) => string;
  /** While it is replayed: how far, in milliseconds. */
  head?: number | null;
};

const percent = (at: number, end: number): string => `${(Math.min(at, end) / end) * 100}%`;

/** The steps of a recovery on one line of time; a table for those who hear it. */
export function Waterfall({ fall, name, head = null }: Props): JSX.Element {
  const { bars, outage, end, ticks } = fall;
  return (
    <div class="fall" role="table" aria-label={fallText.steps} aria-rowcount={bars.length}>
      <div class="f-axis" aria-hidden="true">
        <span />
        <div class="f-t">
          {ticks.map((at) => (
            <span key={at} style={{ left: percent(at, end) }}>
              {at === 0 ? "0" : duration(at)}
            </span>
          ))}
        </div>
      </div>
      {outage && (
        <div class="f-out">
          <span />
          <div class="f-t">
            <div class={`outband${outage.open ? " open" : ""}${beside(outage, end)}`} style={{ left: percent(outage.from, end), width: percent(outage.to - outage.from, end) }}>
              <span>
                <Icon name="pen" />
                {fallText.noWrites(outage.took)}
              </span>
            </div>
          </div>
        </div>
      )}
      {bars.map((bar) => (
        <Row key={bar.step.n} bar={bar} end={end} name={name} head={head} />
      ))}
      <div class="f-lines" aria-hidden="true">
        {outage && <i class="shade" style={{ left: percent(outage.from, end), width: percent(outage.to - outage.from, end) }} />}
        <i class="zero" style={{ left: "0%" }} />
        {outage && !outage.open && <i class="writes" style={{ left: percent(outage.to, end) }} />}
        {head !== null && <i class="head" style={{ left: percent(head, end) }} />}
      </div>
    </div>
  );
}

function Row({ bar, end, name, head }: { bar: Bar; end: number; name: (key: string) => string; head: number | null }): JSX.Element {
  const [open, setOpen] = useState(false);
  const { step, from, to } = bar;
  const took = step.took_ms ?? (from !== null && to !== null ? to - from : null);
  const todo = head !== null && (from === null || head < from);
  const part = head === null || took === null || from === null ? 100 : head >= from + took ? 100 : head <= from ? 0 : ((head - from) / took) * 100;
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
        {from !== null && (
          <>
            <i
              class={`bar b-${bar.status}${bar.late ? " b-late" : ""}${bar.expected ? " b-expected" : ""}`}
              style={{ left: percent(from, end), width: `max(4px, ${percent(took ?? 0, end)})`, "clip-path": part < 100 ? `inset(0 ${100 - part}% 0 0)` : "none" }}
            />
            <span class="ms" style={{ left: `calc(${percent(from + (took ?? 0), end)} + 8px)` }}>
              {said}
            </span>
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
const beside = (outage: { from: number; to: number }, end: number): string => ((outage.to - outage.from) / end > .45 ? "" : outage.to / end < .6 ? " after" : " before");
