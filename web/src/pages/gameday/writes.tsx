import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { connection } from "../../api/events.ts";
import type { GameDay, GameDayWrites, GameDayWritesPage, WriteSpan } from "../../api/types.ts";
import { writeGraph } from "../../layout/writes.ts";
import { useResource } from "../../model/resource.ts";
import { name } from "../../tree/names.ts";
import { Icon } from "../../ui/marks.tsx";
import { duration, exactly } from "../../words/en.ts";
import { gamedayText, writesText } from "../../words/gameday.ts";

const stateWord: Record<WriteSpan["state"], string> = writesText.state;
const { after } = writesText;
const states = Object.keys(stateWord) as WriteSpan["state"][];

/** What the servers of game days answer at this moment, by the stream; a manager that does not lead has to ask who does. */
export function useLiveWrites(open: boolean): GameDayWrites[] {
  const live = useResource<GameDayWritesPage>("game-days/writes", {}, {
    topics: ["game-days"],
    on: (what, event, value) => {
      const heard = event.writes;
      if (what !== "writes" || !heard) return undefined;
      const items = [...(value?.items ?? []).filter((one) => one.server !== heard.server), heard];
      return { items, total: items.length };
    },
  });
  const follows = open && connection.value.role === "follower";
  useEffect(() => {
    if (!follows) return;
    const timer = setInterval(live.reload, 1000);
    return () => clearInterval(timer);
  }, [follows]);
  return live.value?.items ?? [];
}

/** What was answered during a game day: what is kept with it, or what comes in. */
export const writesOf = (day: GameDay, live: readonly GameDayWrites[]): GameDayWrites | undefined =>
  day.writes ?? live.find((one) => one.server === day.server && (one.struck === null || one.struck === day.begun));

/** When writes stopped and came back, server by server, beside what was expected. */
export function Writes({ of, day }: { of: GameDayWrites; day: GameDay }): JSX.Element {
  const graph = writeGraph(of);
  const first = of.gaps[0];
  const back = of.gaps.at(-1)?.to;
  return (
    <figure class="writes">
      <figcaption>
        <b>{of.sentence}</b>
        <small>
          {first && writesText.stopped(exactly(first.from), back ? exactly(back) : undefined)}
          {writesText.asked(of.servers.length, of.every_ms, of.commits)}
          {of.left > 0 && writesText.notAsked(of.left)}
        </small>
      </figcaption>
      <dl class="w-facts">
        <Fact term={writesText.expected} is={day.hypothesis} />
        <Fact term={writesText.forecast} is={day.pause_ms > 0 ? gamedayText.withoutWrites(day.pause_ms) : writesText.goOn} />
        <Fact term={of.ended ? writesText.seen : writesText.seenSoFar} is={graph.gaps.length > 0 ? gamedayText.withoutWrites(graph.took) : writesText.wentOn} />
      </dl>
      <div class="w-graph" role="table" aria-label={writesText.label}>
        <div class="w-row w-axis" aria-hidden="true">
          <span />
          <div class="w-t">
            {graph.ticks.map(({ at, left }) => (
              <span key={at} style={{ left: `${left * 100}%` }}>
                {at === 0 ? "0" : duration(at)}
              </span>
            ))}
          </div>
        </div>
        {graph.gaps.length > 0 && (
          <div class="w-row" role="row">
            <span role="cell">{writesText.nobody}</span>
            <div class="w-t" role="cell">
              {graph.gaps.map((gap) => (
                <div key={gap.from} class={`outband w-gap${gap.open ? " open" : ""}`} style={{ left: `${gap.left * 100}%`, width: `max(3px, ${gap.width * 100}%)` }}>
                  <span>
                    <Icon name="pen" />
                    {writesText.noWrites(gap.took)}
                  </span>
                  <span class="vh">{writesText.fromTheBlow(after(gap.from))}</span>
                </div>
              ))}
            </div>
          </div>
        )}
        {graph.lanes.map((lane) => (
          <div key={lane.server} class="w-row" role="row">
            <span role="cell" title={lane.server}>
              <code>{name(lane.server)}</code>
            </span>
            <div class="w-t" role="cell">
              {lane.bars.map((bar) => (
                <i
                  key={bar.from} class={`w-bar w-${bar.span.state}`} style={{ left: `${bar.left * 100}%`, width: `max(3px, ${bar.width * 100}%)` }}
                  title={writesText.bar(stateWord[bar.span.state], bar.to - bar.from, bar.span.says ?? "")}
                />
              ))}
              <span class="vh">{lane.bars.map((bar) => writesText.span(stateWord[bar.span.state], after(bar.from), after(bar.to))).join("; ") || writesText.notAnswered}</span>
              {graph.blow !== null && <i class="w-blow" aria-hidden="true" style={{ left: `${graph.blow * 100}%` }} />}
            </div>
          </div>
        ))}
      </div>
      <p class="legend" aria-hidden="true">
        {states.filter((state) => of.spans.some((span) => span.state === state)).map((state) => (
          <span key={state}>
            <i class={`w-bar w-${state}`} /> {stateWord[state]}
          </span>
        ))}
      </p>
    </figure>
  );
}

const Fact = ({ term, is }: { term: string; is: string }): JSX.Element => (
  <div>
    <dt>{term}</dt>
    <dd>{is}</dd>
  </div>
);
