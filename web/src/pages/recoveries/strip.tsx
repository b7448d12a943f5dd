import type { JSX } from "preact";
import type { Recovery, RecoveryPage } from "../../api/types.ts";
import { outageBars, stripDays, stripSpan, sumOf, weeksOf } from "../../layout/outages.ts";
import type { Span } from "../../layout/history.ts";
import { clock } from "../../model/clock.ts";
import { useResource } from "../../model/resource.ts";
import { amend, route } from "../../model/route.ts";
import { exactly } from "../../words/en.ts";
import { stripText } from "../../words/lists.ts";

/** The outages of the last weeks, by the filters of the list but for its times. A week is chosen by pressing it. */
export function OutageStrip({ filters }: { filters: Record<string, string> }): JSX.Element {
  const list = useResource<RecoveryPage>("recoveries", { ...filters, since: `${stripDays}d`, limit: "500" }, {
    on: (what, event) => (what === "notice" && event.what === "finished" ? "reload" : undefined),
  }).value;
  if (!list) return <section class="sheet ostrip" aria-busy="true" />;
  const span = stripSpan(clock.value);
  const says = stripText.says(sumOf(list.items));
  return (
    <section class="sheet ostrip" aria-label={stripText.title}>
      <p class="h-words">
        <b>{stripText.title}</b>
        <small role="status">{list.total > list.items.length ? stripText.newest(list.items.length) : ""}{says}</small>
        <span class="grow" />
        <small class="legend hide-phone">
          <i class="ob ob-outage" /> {stripText.outage} <i class="ob ob-planned" /> {stripText.planned} <i class="ob ob-failed" /> {stripText.failed}
        </small>
      </p>
      <div class="o-track">
        <Bars of={list.items} span={span} says={says} />
        <div class="o-weeks hide-phone" role="group" aria-label={stripText.weeks}>
          {weeksOf(span).map((week) => (
            <Week key={week.to} of={week} bars={outageBars(list.items, week).length} />
          ))}
        </div>
      </div>
      <p class="o-ends" aria-hidden="true">
        <small>{stripText.from}</small>
        <small>{stripText.now}</small>
      </p>
    </section>
  );
}

const Bars = ({ of, span, says }: { of: Recovery[]; span: Span; says: string }): JSX.Element => (
  <div class="o-bars" role="img" aria-label={says}>
    {outageBars(of, span).map((bar) => (
      <i key={bar.uid} class={`ob ob-${bar.is}`} style={{ left: `${bar.left * 100}%`, height: bar.is === "outage" ? `${bar.height * 100}%` : undefined }} />
    ))}
  </div>
);

function Week({ of, bars }: { of: Span; bars: number }): JSX.Element {
  const [since, until] = [new Date(of.from).toISOString(), new Date(of.to).toISOString()];
  const chosen = route.value.query.get("since") === since && route.value.query.get("until") === until;
  const says = stripText.week(exactly(since), exactly(until), bars);
  return (
    <button
      type="button" aria-pressed={chosen} aria-label={says} title={says} style={{ "flex-grow": of.to - of.from }}
      onClick={() => amend(chosen ? { since: undefined, until: undefined } : { since, until })}
    />
  );
}
