import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Compared, GameDay } from "../../api/types.ts";
import { name } from "../../tree/names.ts";
import { saveText } from "../../ui/copy.ts";
import { Mark } from "../../ui/marks.tsx";
import { Time } from "../../ui/time.tsx";
import { part, url } from "../../url.ts";
import { blowText, gamedayText } from "../../words/gameday.ts";
import { Comparison } from "../compared.tsx";
import { gameDayMarkdown, outcomeOf } from "./report.ts";
import { Writes } from "./writes.tsx";

/** Those of which both is known, oldest first. */
const outagesOf = (days: readonly GameDay[]): Compared[] =>
  days
    .flatMap((day) => (day.recovery && day.begun && day.outage_ms !== null && day.pause_ms > 0 ? [{ at: day.begun, recovery: day.recovery.uid, foretold_ms: day.pause_ms, took_ms: day.outage_ms }] : []))
    .reverse();

/** What came of the blows so far, and how long nobody wrote against what was foretold. */
export function History({ days }: { days: GameDay[] }): JSX.Element {
  if (days.length === 0) {
    return (
      <section class="sheet">
        <h2>{gamedayText.soFar}</h2>
        <p class="muted">{gamedayText.noneYet}</p>
      </section>
    );
  }
  const struck = days.filter((day) => !day.error);
  const outages = outagesOf(struck);
  const met = struck.filter((day) => outcomeOf(day).status === "ok").length;
  return (
    <section class="sheet">
      <h2>{gamedayText.soFar}</h2>
      <p>{gamedayText.asForecast(met, struck.length)}</p>
      {outages.length > 0 && (
        <>
          <h3>{gamedayText.trend}</h3>
          <Comparison of={outages} />
        </>
      )}
      <div class="tscroll">
        <table class="see gamedays" aria-label={gamedayText.soFar}>
          <thead>
            <tr>
              {gamedayText.columns.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {days.map((day) => (
              <Line key={day.begun + day.server} of={day} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Line({ of }: { of: GameDay }): JSX.Element {
  const { status, text } = outcomeOf(of);
  const [opened, setOpened] = useState(false);
  return (
    <>
      <tr>
        <td>
          <Time at={of.begun} />
        </td>
        <td>
          <code>{name(of.server)}</code>
          {gamedayText.of(of.alias)}
          <small>{blowText[of.blow]}</small>
        </td>
        <td>{of.owner}</td>
        <td>{of.hypothesis}</td>
        <td>
          {of.successor ? gamedayText.takesOver(name(of.successor)) : gamedayText.isRepaired}
          {of.pause_ms > 0 && <small>{gamedayText.withoutWrites(of.pause_ms)}</small>}
        </td>
        <td>
          <Mark status={status} label={false} /> {text}
          {of.writes_back_ms !== null && <small>{gamedayText.writesAfter(of.writes_back_ms)}</small>}
        </td>
        <td>
          {of.recovery && (
            <a class="link" href={url(`audit-recovery/uid/${part(of.recovery.uid)}`)}>
              {gamedayText.steps}
            </a>
          )}{" "}
          {of.writes && (
            <>
              <button type="button" class="link" aria-expanded={opened} onClick={() => setOpened(!opened)}>
                {gamedayText.writes}
              </button>{" "}
            </>
          )}
          <button type="button" class="link" onClick={() => saveText(`game-day-${of.begun ?? ""}.md`, "text/markdown", gameDayMarkdown(of, location.href))}>
            {gamedayText.markdown}
          </button>
        </td>
      </tr>
      {opened && of.writes && (
        <tr>
          <td colSpan={7}>
            <Writes of={of.writes} day={of} />
          </td>
        </tr>
      )}
    </>
  );
}
