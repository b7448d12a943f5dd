import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { send } from "../api/client.ts";
import type { ConfigCheck, Discovered, Discoveries, Nodes } from "../api/types.ts";
import { canAct } from "../model/acting.ts";
import { turnAutoRecovery } from "../frame/auto.tsx";
import { fleet } from "../model/fleet.ts";
import { useHeading } from "../model/heading.ts";
import { mayOperate, me } from "../model/me.ts";
import { nodes } from "../model/nodes.ts";
import { useResource } from "../model/resource.ts";
import { tellRefusal } from "../model/toasts.ts";
import { Mark } from "../ui/marks.tsx";
import { part, url } from "../url.ts";
import { count, plural } from "../words/en.ts";
import { Gate } from "./recovery/facts.tsx";
import { servers } from "../words/names.ts";
import { Grants } from "./discover/grants.tsx";

export function Discover(): JSX.Element {
  useHeading({ title: "Discover servers", trail: [{ name: "Clusters", path: "clusters" }] });
  return <FirstDay />;
}

/** How servers get here, and what is still missing before failures are repaired. An empty installation shows this first. */
export const FirstDay = (): JSX.Element => (
  <div class="firstday">
    <Form />
    <Trust />
  </div>
);

type Line = { instance: string; found: Discovered | null };

function Form(): JSX.Element {
  const [text, setText] = useState("");
  const [lines, setLines] = useState<Line[]>([]);
  const [busy, setBusy] = useState(false);
  const [grants, showGrants] = useState(false);
  const named = servers(text);

  const discover = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setLines(named.map((instance) => ({ instance, found: null })));
    // One by one: each answer is shown when it is there, and one that takes long keeps no other from being shown.
    const waiting = [...named];
    const work = async (): Promise<void> => {
      for (let instance = waiting.shift(); instance !== undefined; instance = waiting.shift()) {
        const asked = instance;
        const found = await send<Discoveries>("POST", "discoveries", { instances: [asked] }).then(
          (done) => done.results[0]!,
          (error: unknown): Discovered => ({ instance: asked, ok: false, message: error instanceof Error ? error.message : String(error) }),
        );
        setLines((was) => was.map((line) => (line.instance === asked ? { instance: asked, found } : line)));
      }
    };
    await Promise.all([work(), work(), work(), work()]).catch(tellRefusal);
    setBusy(false);
  };

  return (
    <div class="hero">
      <p class="big">Name one server per cluster.</p>
      <p>The rest is found by itself: sources, replicas, group members. This only reads; nothing is changed on your servers.</p>
      <form onSubmit={(event) => void discover(event)}>
        <label>
          Servers, one per line
          <textarea rows={4} spellcheck={false} value={text} disabled={!mayOperate.value} onInput={(event) => setText(event.currentTarget.value)} placeholder={"db1.example.net\ndb2.example.net:3307"} />
        </label>
        <div class="in-a">
          <button type="submit" class="btn primary" disabled={busy || named.length === 0 || !canAct.value}>
            <span>{named.length > 1 ? `Discover ${count(named.length)} servers` : "Discover"}</span>
          </button>
          <button type="button" class="btn ghost" aria-expanded={grants} onClick={() => showGrants(!grants)}>
            <span>Show the grants it needs</span>
          </button>
        </div>
      </form>
      {!mayOperate.value && <p class="small">{me.value?.why}</p>}
      {grants && <Grants />}
      {lines.length > 0 && (
        <>
          <h2>Found so far</h2>
          <ul class="found" aria-live="polite">
            {lines.map((line) => (
              <FoundLine key={line.instance} {...line} />
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** What became of one name. How far its cluster is read comes by the stream of events. */
function FoundLine({ instance, found }: Line): JSX.Element {
  const row = found?.cluster ? fleet.value?.clusters.find((row) => row.name === found.cluster || row.tree.some((dot) => dot.key === found.key)) : undefined;
  return (
    <li>
      <Mark status={!found ? "run" : found.ok ? "ok" : "crit"} />
      <code>{instance}</code>
      {!found ? (
        <span class="muted">is being asked</span>
      ) : found.ok && row ? (
        <a href={url(`cluster/alias/${part(row.alias)}`)}>
          cluster {row.alias} · {plural(row.servers, "server")}
        </a>
      ) : (
        <span class={found.ok ? "muted" : ""}>{found.message}</span>
      )}
    </li>
  );
}

/** What stands between this installation and a repaired failure. Each line is something the server has said. */
function Trust(): JSX.Element {
  const check = useResource<ConfigCheck>("config/check");
  const is = nodes.value;
  const on = fleet.value?.auto_recovery;
  const rows = fleet.value?.clusters ?? [];
  const wouldNot = rows.filter((row) => row.forecast && !row.forecast.would);
  const risky = rows.filter((row) => row.forecast?.would && row.forecast.risk !== 0);
  const warnings = check.value?.statements.filter((statement) => statement.severity === "warning") ?? [];
  useEffect(() => check.reload(), [on]);
  return (
    <div class="hero plain">
      <h2>Before you trust it</h2>
      <ul class="gates">
        {is && <Gate good={managersGood(is)} title={is.sentence} more={is.nodes.length === 1 ? "a second and a third one would go on without it" : ""} />}
        {on !== undefined && (
          <Gate good={on} title={on ? "Automatic recovery is on" : "Automatic recovery is off everywhere"} more={on ? "the switch for all clusters" : "turn it on when the forecasts look right"}>
            {!on && mayOperate.value && (
              <button type="button" class="link" onClick={() => void turnAutoRecovery({ enabled: true })}>
                Turn on
              </button>
            )}
          </Gate>
        )}
        {rows.length === 0 ? (
          <Gate good={false} title="No server is known" more="so there is nothing that could be failed over" />
        ) : (
          <Gate good={wouldNot.length === 0} title={wouldNot.length === 0 ? "All clusters would be failed over" : `${plural(wouldNot.length, "cluster")} would not be failed over`}
            more={wouldNot.slice(0, 5).map((row) => <div key={row.name}>{row.alias}: {row.forecast!.sentence}</div>)}>
            {wouldNot.length > 0 && (
              <a class="link" href={url("clusters", { sort: "risk" })}>
                Look
              </a>
            )}
          </Gate>
        )}
        {risky.length > 0 && (
          <Gate good={false} title={`${plural(risky.length, "cluster")} could lose transactions`} more="a primary that dies takes along what no other server has; semi-synchronous replication keeps it">
            <a class="link" href={url("clusters", { q: "risk>0" })}>
              Look
            </a>
          </Gate>
        )}
        {warnings.slice(0, 6).map((statement) => (
          <Gate key={statement.text} good={false} title={statement.text} more={statement.example && <code>{statement.example}</code>} />
        ))}
        {check.value && (
          <Gate good={check.value.warnings === 0} title={check.value.warnings === 0 ? "Configuration: nothing to warn of" : `Configuration: ${plural(check.value.warnings, "warning")}`} more="orchestrator -c check-config">
            <a class="link" href={url("config")}>
              All of it
            </a>
          </Gate>
        )}
        {me.value?.warnings.map((warning) => <Gate key={warning} good={false} title={warning} />)}
      </ul>
    </div>
  );
}

const managersGood = (is: Nodes): boolean => is.healthy && is.leader !== "" && is.nodes.length > 1;
