import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { GameDay, GameDayCluster, GameDays } from "../api/types.ts";
import { useHeading } from "../model/heading.ts";
import { mayOperate, me } from "../model/me.ts";
import { useNow, useRecovery } from "../model/recovery.ts";
import { useResource } from "../model/resource.ts";
import { amend, route } from "../model/route.ts";
import { asking, ask, close } from "../plan/model.ts";
import { PlanPanel, planOpen } from "../plan/panel.tsx";
import { name } from "../tree/names.ts";
import { Button } from "../ui/button.tsx";
import { saveText } from "../ui/copy.ts";
import { Mark } from "../ui/marks.tsx";
import { Empty, Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { gamedayText } from "../words/gameday.ts";
import { fall } from "../waterfall/model.ts";
import { MiniFall } from "../waterfall/mini.tsx";
import { Wanted } from "./cluster-begin.tsx";
import { Gates, Headline, useForecast } from "./cluster-panel.tsx";
import { gameDayMarkdown, outcomeOf } from "./gameday/report.ts";
import { useLiveWrites, Writes, writesOf } from "./gameday/writes.tsx";

/** Something is broken on purpose, where that is allowed, to see whether what is promised holds. */
export function GameDayPage(): JSX.Element {
  useHeading({ title: gamedayText.gameDay });
  const days = useResource<GameDays>("game-days", {}, {
    topics: ["audit"],
    on: (what, event) => ((what === "writes" && event.writes?.ended) || (what === "audit" && (event.audit?.kind === "game-day" || event.audit?.kind === "tag")) || (what === "notice" && (event.what === "began" || event.what === "finished")) ? "reload" : undefined),
  });
  useEffect(() => close, []);
  return (
    <Loaded of={days}>
      {(value) => (
        <>
          <Running days={value.items} />
          <Blow of={value} />
          <History days={value.items} />
          <Wanted />
        </>
      )}
    </Loaded>
  );
}

/** Where, and whom; what would happen; and the plan, which asks for the alias and for what is expected. */
function Blow({ of }: { of: GameDays }): JSX.Element {
  const allowed = of.clusters.filter((cluster) => cluster.allowed && cluster.servers.length > 0);
  const chosen = allowed.find((cluster) => cluster.name === route.value.query.get("cluster")) ?? allowed[0];
  const nearly = of.clusters.filter((cluster) => !cluster.allowed);
  return (
    <>
      {chosen ? (
        <div class="gameday">
          <Choose key={chosen.name} all={allowed} of={chosen} />
          {planOpen() && (
            <aside class="sheet" aria-label={gamedayText.plan}>
              <PlanPanel />
            </aside>
          )}
        </div>
      ) : (
        <Empty title={gamedayText.none}>
          <p>
            {gamedayText.noneBefore}
            <code>{of.mark}</code>
            {gamedayText.noneAfter}
          </p>
        </Empty>
      )}
      {nearly.map((cluster) => (
        <p key={cluster.name} class="notyet">
          <Mark status="info" label={false} />
          <a class="link" href={url(`cluster/alias/${part(cluster.alias)}`, { view: "table" })}>
            {cluster.alias}
          </a>
          {gamedayText.without(cluster.unmarked.length, of.mark, cluster.unmarked.map((key) => name(key)).join(", "))}
        </p>
      ))}
    </>
  );
}

function Choose({ all, of }: { all: GameDayCluster[]; of: GameDayCluster }): JSX.Element {
  const [server, setServer] = useState(of.servers[0]!);
  const forecast = useForecast(of, undefined, server);
  const would = forecast.value?.would === true;
  return (
    <section class="sheet">
      <h2>{gamedayText.choose}</h2>
      {all.length > 1 && (
        <label class="pick">
          <span>{gamedayText.cluster}</span>
          <select value={of.name} onChange={(event) => amend({ cluster: event.currentTarget.value })}>
            {all.map((cluster) => (
              <option key={cluster.name} value={cluster.name}>
                {cluster.alias}
              </option>
            ))}
          </select>
        </label>
      )}
      <fieldset class="winners">
        <legend>{gamedayText.whichServer(of.alias)}</legend>
        {of.servers.map((key, n) => (
          <label key={key}>
            <input type="radio" name="server" checked={key === server} onChange={() => setServer(key)} />
            <span>
              <b>{name(key)}</b>
              <small>{n === 0 ? gamedayText.primary : gamedayText.source}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <p class="small">{gamedayText.means}</p>
      <h3>{gamedayText.whatWouldHappen}</h3>
      <Loaded of={forecast} rows={3}>
        {(value) => (
          <>
            <Headline of={value} />
            {!value.would && <Gates of={value} />}
          </>
        )}
      </Loaded>
      {mayOperate.value ? (
        <div class="dialog-foot">
          <Button kind="danger" disabled={!would || asking.value !== null} onClick={() => void ask("game-day", { instance: server })}>
            {gamedayText.showPlan}
          </Button>
        </div>
      ) : (
        <p class="muted">{me.value?.why || gamedayText.mayLook}</p>
      )}
    </section>
  );
}

const watched = 10 * 60 * 1000; // ms for which a blow without an answer is waited for

/** The last blow, while something is being done about it, or should be. */
function Running({ days }: { days: GameDay[] }): JSX.Element | null {
  const last = days[0];
  const open = last !== undefined && !last.error && (last.recovery === null || last.recovery.state === "running");
  const now = useNow(open);
  const { value: is } = useRecovery(last?.recovery?.uid ?? null);
  const live = useLiveWrites(open);
  const began = last?.begun ? Date.parse(last.begun) : 0;
  if (!last || last.error || (last.recovery === null && now - began > watched)) return null;
  const running = is ?? last.recovery;
  const writes = writesOf(last, live);
  return (
    <section class="hero gameday-now" aria-live="polite">
      <p class="only-print">{gamedayText.product(me.value?.version, location.href)}</p>
      <p class="muted">
        <code>{name(last.server)}</code>
        {gamedayText.toldToEnd(last.alias)}
        <Time at={last.begun} />
      </p>
      <p class="big">{is ? is.headline : open ? gamedayText.nobodyNoticed(now - began) : (running?.sentence ?? "")}</p>
      {writes && <Writes of={writes} day={last} />}
      {is && is.steps.length > 0 && <MiniFall fall={fall(is, now)} />}
      {running && (
        <p>
          <a class="link" href={url(`audit-recovery/uid/${part(running.uid)}`)}>
            {running.state === "running" ? gamedayText.follow : gamedayText.allSteps}
          </a>{" "}
          {writes?.ended && (
            <button type="button" class="link" onClick={() => print()}>
              {gamedayText.print}
            </button>
          )}
        </p>
      )}
    </section>
  );
}

function History({ days }: { days: GameDay[] }): JSX.Element {
  if (days.length === 0) {
    return (
      <section class="sheet">
        <h2>{gamedayText.soFar}</h2>
        <p class="muted">{gamedayText.noneYet}</p>
      </section>
    );
  }
  const struck = days.filter((day) => !day.error);
  const met = struck.filter((day) => outcomeOf(day).status === "ok").length;
  return (
    <section class="sheet">
      <h2>{gamedayText.soFar}</h2>
      <p>{gamedayText.asForecast(met, struck.length)}</p>
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
