import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../api/client.ts";
import type { HeldServer, HeldServerPage, Outcome, ProblemGroup, ProblemGroupPage, ProblemServer } from "../api/types.ts";
import { canAct } from "../model/acting.ts";
import { clock } from "../model/clock.ts";
import { rowOf } from "../model/fleet.ts";
import { useHeading } from "../model/heading.ts";
import { mayOperate, me } from "../model/me.ts";
import { useResource } from "../model/resource.ts";
import { amend, route } from "../model/route.ts";
import { hueOf } from "../model/sites.ts";
import { tellRefusal, toast } from "../model/toasts.ts";
import { serverAddress } from "../palette/items.ts";
import { declare } from "../tree/declare.ts";
import { Button } from "../ui/button.tsx";
import { Mark, Site } from "../ui/marks.tsx";
import { walkRows } from "../ui/rows.ts";
import { Empty, Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { count, moment, plural } from "../words/en.ts";
import { short } from "../words/names.ts";
import { Dialogs } from "./cluster-dialogs.tsx";
import { TrendOf } from "./problems/trend.tsx";
import { problemsText } from "../words/lists.ts";

/** Servers with a problem, by cause: forty replicas of one dead source are one entry. */
export function Problems(): JSX.Element {
  useHeading({ title: problemsText.problems });
  const paused = route.value.query.get("downtime") === "show";
  const problems = useResource<ProblemGroupPage>("problems", {}, {
    on: (name, event) => (name === "patch" && event.row ? "reload" : undefined),
  });
  const held = useResource<HeldServerPage>("downtimes", {}, { on: (name, event) => (name === "patch" && event.row ? "reload" : undefined) });
  const heldCount = held.value?.items.length ?? 0;
  return (
    <>
      <div class="filters">
        <button type="button" class="chip" aria-pressed={paused} onClick={() => amend({ downtime: paused ? undefined : "show" })}>
          {problemsText.inDowntime} {count(heldCount)}
        </button>
        <span class="muted" role="status">
          {problems.value && problems.value.total > 0 && plural(problems.value.total, "cause")}
        </span>
      </div>
      <Loaded of={problems}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty title={problemsText.noProblem}>
              <p>{problemsText.everyServerAnswersReplicates}</p>
            </Empty>
          ) : (
            <>
              {page.items.filter(many).map((group) => (
                <Cause key={`${group.cluster} ${group.cause}`} group={group} />
              ))}
              <Singles groups={page.items.filter((group) => !many(group))} />
            </>
          )
        }
      </Loaded>
      {paused && <Held servers={held.value?.items ?? []} />}
      <Dialogs />
    </>
  );
}

/** Servers that are expected to have problems: they are no problem. */
const Held = ({ servers }: { servers: HeldServer[] }): JSX.Element => (
  <section class="group" aria-label={problemsText.inDowntime}>
    <h2>
      <Mark status="pause" /> {problemsText.inDowntime} <span class="muted">{count(servers.length)}</span>
    </h2>
    {servers.length === 0 ? (
      <p class="muted">{problemsText.noServerIsInDowntime}</p>
    ) : (
      <div class="rows" role="list" onKeyDown={walkRows}>
        {servers.map((server) => (
          <div key={server.server} role="listitem" class="row-item">
            <a class="row p-row" data-row href={serverAddress(rowOf(server.cluster)?.alias ?? server.cluster, server.server)}>
              <span class="r-st">
                <Mark status="pause" />
              </span>
              <span class="r-name">
                <b>{short(server.server, me.value?.strip)}</b>
                <span class="muted">by {server.owner}</span>
              </span>
              <span class="r-say">{server.reason}</span>
              <span class="r-tr" />
              <span class="muted r-seen">{server.end ? `until ${moment(server.end, clock.value)}` : problemsText.untilItIsEnded}</span>
              <span />
            </a>
          </div>
        ))}
      </div>
    )}
  </section>
);

/** The group stands for a cause with more than its own server. */
const many = (group: ProblemGroup): boolean => group.servers.length > 1;

/** Causes of one server each. */
function Singles({ groups }: { groups: ProblemGroup[] }): JSX.Element | null {
  if (groups.length === 0) return null;
  return (
    <section class="group" aria-label={problemsText.singleServers}>
      <div class="rows" role="list" onKeyDown={walkRows}>
        {groups.flatMap((group) => group.servers.map((server) => <ProblemRow key={server.key} server={server} alias={group.alias} where={group.alias} />))}
      </div>
    </section>
  );
}

function Cause({ group }: { group: ProblemGroup }): JSX.Element {
  return (
    <section class="group" aria-label={group.sentence}>
      <h2>
        <Mark status={group.status} /> {group.sentence}{" "}
        <a class="muted" href={url(`cluster/alias/${part(group.alias)}`)}>
          {group.alias}
        </a>
        {mayOperate.value && (
          <Button kind="ghost" icon="clock" disabled={!canAct.value} onClick={() => declare("downtime", group.servers.map((server) => server.key))}>
            {problemsText.downtimeAll(group.servers.length)}
          </Button>
        )}
      </h2>
      <div class="rows" role="list" onKeyDown={walkRows}>
        {group.servers.map((server) => (
          <ProblemRow key={server.key} server={server} alias={group.alias} />
        ))}
      </div>
    </section>
  );
}

const ProblemRow = ({ server, alias, where }: { server: ProblemServer; alias: string; where?: string }): JSX.Element => (
  <div role="listitem" class="row-item with-acts">
    <a class="row p-row" data-row href={serverAddress(alias, server.key)}>
      <span class="r-st">
        <Mark status={server.status} />
      </span>
      <span class="r-name">
        <b>{short(server.key, me.value?.strip)}</b>
        <span class="muted">{where ?? (server.source ? `below ${short(server.source, me.value?.strip)}` : server.role)}</span>
      </span>
      <span class="r-say">{server.sentence}</span>
      <TrendOf of={server} />
      <span class="muted r-seen">
        <Since of={server} />
      </span>
      {server.site ? <Site name={server.site} hue={hueOf.value(server.site)} /> : <span />}
    </a>
    {mayOperate.value && <RowActs server={server.key} />}
  </div>
);

/** Since when it is so; where it was so before this manager began to look, at least how long. */
const Since = ({ of }: { of: ProblemServer }): JSX.Element =>
  of.since ? (
    <>
      {of.since_exact ? problemsText.since : problemsText.atLeastSince} <Time at={of.since} />
    </>
  ) : (
    <>{problemsText.sinceUnknown}</>
  );

/** What can be done about it without leaving the list; the row itself leads to the server in its cluster. */
function RowActs({ server }: { server: string }): JSX.Element {
  const [busy, work] = useState(false);
  const name = short(server, me.value?.strip);
  const refresh = (): void => {
    work(true);
    send<Outcome>("POST", `instances/${encodeURIComponent(server)}/refresh`)
      .then((done) => toast({ status: "ok", text: done.message }), tellRefusal)
      .finally(() => work(false));
  };
  return (
    <span class="row-acts">
      <Button kind="icon ghost" icon="again" label={problemsText.refresh(name)} disabled={busy || !canAct.value} onClick={refresh} />
      <Button kind="icon ghost" icon="clock" label={problemsText.downtimeOf(name)} disabled={!canAct.value} onClick={() => declare("downtime", [server])} />
    </span>
  );
}
