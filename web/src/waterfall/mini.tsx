import type { JSX } from "preact";
import { fallText, phaseNames } from "../words/fall.ts";
import type { Fall } from "./model.ts";

/** The same in the height of a card: a line for each phase. */
export function MiniFall({ fall }: { fall: Fall }): JSX.Element {
  const { bars, outage, end } = fall;
  const percent = (at: number): string => `${(Math.min(at, end) / end) * 100}%`;
  const phases = [...new Set(bars.map((bar) => bar.step.phase))];
  const done = bars.filter((bar) => bar.step.state === "done").length;
  return (
    <div class="mini" role="img" aria-label={fallText.sum(done, bars.length, outage)}>
      {outage && (
        <div class="mini-band">
          <div class={outage.open ? "outage open" : "outage"} style={{ left: percent(outage.from), width: percent(outage.to - outage.from) }}>
            <span>{fallText.noWrites(outage.took)}</span>
          </div>
        </div>
      )}
      {phases.map((phase) => (
        <div key={phase} class="mrow">
          <span class="ml">{phaseNames[phase] ?? phase}</span>
          <div class="mt">
            {bars
              .filter((bar) => bar.step.phase === phase && bar.from !== null)
              .map((bar) => (
                <i
                  key={bar.step.n} class={`bar b-${bar.status}${bar.expected ? " b-expected" : ""}`}
                  style={{ left: percent(bar.from!), width: `max(3px, ${percent((bar.to ?? bar.from!) - bar.from!)})` }}
                />
              ))}
          </div>
        </div>
      ))}
    </div>
  );
}
