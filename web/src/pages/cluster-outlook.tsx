import type { JSX } from "preact";
import type { Cluster, ForecastHistory } from "../api/types.ts";
import { longest, pauseLine, type Stretch, stretches } from "../layout/outlook.ts";
import { useResource } from "../model/resource.ts";
import { Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { Comparison } from "./compared.tsx";
import { part } from "../url.ts";
import { outlookText } from "../words/cluster.ts";
import { duration, exactly } from "../words/en.ts";

const box = { width: 1000, height: 44 };

/** How the forecast has been within the last day, and how good it was where somebody took over. */
export function Outlook({ of }: { of: Cluster }): JSX.Element {
  const history = useResource<ForecastHistory>(`clusters/${part(of.alias)}/forecast/history`, {}, {
    topics: ["forecast:" + of.name],
    on: (what, event) => (what === "patch" && event.cluster === of.name && event.forecast ? "reload" : undefined),
  });
  return (
    <section class="sheet two outlook">
      <div>
        <h2>{outlookText.howGood}</h2>
        <Loaded of={history} rows={2}>
          {(is) => (is.compared.length === 0 ? <p class="small">{outlookText.noneCompared}</p> : <Comparison of={is.compared} />)}
        </Loaded>
      </div>
      <div>
        <h2>{outlookText.lastDay}</h2>
        <Loaded of={history} rows={2}>
          {(is) => (is.points.length === 0 ? <p class="small">{is.since ? outlookText.nothingYet : outlookText.notKept}</p> : <Day of={is} />)}
        </Loaded>
      </div>
    </section>
  );
}

/** The pause foretold as a line; red where nothing would have been done, with the reason. */
function Day({ of }: { of: ForecastHistory }): JSX.Element {
  const span = { from: Date.parse(of.from), to: Date.parse(of.to) };
  const all = stretches(of.points, span);
  const held = all.filter(({ point }) => !point.would);
  const most = longest(of.points, []);
  return (
    <>
      <p class="small">
        {held.length === 0 ? outlookText.always : outlookText.notAlways(held.length)}
        {of.since && Date.parse(of.since) > span.from && (
          <>
            {" "}
            {outlookText.keptSince} <Time at={of.since} />.
          </>
        )}
      </p>
      <div class="day" role="img" aria-label={outlookText.most(duration(most))}>
        {held.map((one) => (
          <Held key={one.point.at} of={one} />
        ))}
        <svg viewBox={`0 0 ${box.width} ${box.height}`} preserveAspectRatio="none" aria-hidden="true">
          <path d={pauseLine(all, most, box)} />
        </svg>
        <small>{duration(most)}</small>
      </div>
      {held.length > 0 && (
        <ul class="why">
          {held.slice(-5).map(({ point }) => (
            <li key={point.at}>
              <Time at={point.at} />
              <span>{point.sentence}</span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const Held = ({ of }: { of: Stretch }): JSX.Element => (
  <i class="d-held" style={{ left: `${of.from * 100}%`, width: `${of.width * 100}%` }} title={`${exactly(of.point.at)} ${of.point.sentence}`} />
);
