import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { GameDay, GameDays } from "../api/types.ts";
import { useHeading } from "../model/heading.ts";
import { me } from "../model/me.ts";
import { useNow, useRecovery } from "../model/recovery.ts";
import { useResource } from "../model/resource.ts";
import { route } from "../model/route.ts";
import { close } from "../plan/model.ts";
import { PlanPanel, planOpen } from "../plan/panel.tsx";
import { name } from "../tree/names.ts";
import { Mark } from "../ui/marks.tsx";
import { Empty, Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { gamedayText } from "../words/gameday.ts";
import { fall } from "../waterfall/model.ts";
import { MiniFall } from "../waterfall/mini.tsx";
import { Wanted } from "./cluster-begin.tsx";
import { Choose } from "./gameday/choose.tsx";
import { History } from "./gameday/history.tsx";
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
        {gamedayText.wasStruck(last.alias, last.blow)}
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
