import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { send } from "../api/client.ts";
import type { Discovered, Discoveries, Readiness, ReadinessItem } from "../api/types.ts";
import { canAct } from "../model/acting.ts";
import { turnAutoRecovery } from "../frame/auto.tsx";
import { fleet } from "../model/fleet.ts";
import { useHeading } from "../model/heading.ts";
import { mayOperate, me } from "../model/me.ts";
import { nodes } from "../model/nodes.ts";
import { useResource } from "../model/resource.ts";
import { tellRefusal } from "../model/toasts.ts";
import { Mark } from "../ui/marks.tsx";
import { Loaded } from "../ui/states.tsx";
import { part, url } from "../url.ts";
import { plural } from "../words/en.ts";
import { Gate } from "./recovery/facts.tsx";
import { servers } from "../words/names.ts";
import { Grants } from "./discover/grants.tsx";
import { discoverText } from "../words/discover.ts";

export function Discover(): JSX.Element {
  useHeading({ title: discoverText.discoverServers, trail: [{ name: "Clusters", path: "clusters" }] });
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
      <p class="big">{discoverText.nameOneServerPerCluster}</p>
      <p>{discoverText.theRestIsFound}</p>
      <form onSubmit={(event) => void discover(event)}>
        <label>
          {discoverText.serversOnePerLine}
          <textarea rows={4} spellcheck={false} value={text} disabled={!mayOperate.value} onInput={(event) => setText(event.currentTarget.value)} placeholder={discoverText.example} />
        </label>
        <div class="in-a">
          <button type="submit" class="btn primary" disabled={busy || named.length === 0 || !canAct.value}>
            <span>{named.length > 1 ? discoverText.several(named.length) : "Discover"}</span>
          </button>
          <button type="button" class="btn ghost" aria-expanded={grants} onClick={() => showGrants(!grants)}>
            <span>{discoverText.showTheGrantsItNeeds}</span>
          </button>
        </div>
      </form>
      {!mayOperate.value && <p class="small">{me.value?.why}</p>}
      {grants && <Grants />}
      {lines.length > 0 && (
        <>
          <h2>{discoverText.foundSoFar}</h2>
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
        <span class="muted">{discoverText.isBeingAsked}</span>
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

/** What stands between this installation and a repaired failure. Each line is what the server says; it is asked again when something has changed. */
function Trust(): JSX.Element {
  const is = fleet.value;
  const ready = useResource<Readiness>("readiness", {}, { on: (name, event) => (name === "notice" && event.what === "finished" ? "reload" : undefined) });
  const changed = [is?.auto_recovery, is?.clusters.length, is?.ready, is?.would_not, is?.not_fine, nodes.value?.sentence].join(" ");
  useEffect(() => ready.reload(), [changed]);
  return (
    <div class="hero plain">
      <h2>{discoverText.beforeYouTrust}</h2>
      <Loaded of={ready} rows={6}>
        {(value) => (
          <ul class="gates" aria-live="polite">
            {value.items.map((item) => (
              <Item key={item.name} of={item} />
            ))}
            {me.value?.warnings.map((warning) => <Gate key={warning} good={false} title={warning} />)}
          </ul>
        )}
      </Loaded>
    </div>
  );
}

/** Where more is said of each. */
const leads: Record<ReadinessItem["name"], string> = {
  managers: url("nodes"), switch: "", failover: url("clusters", { sort: "risk" }), durability: url("clusters", { q: "risk>0" }), access: url("problems"),
  configuration: url("config"), migration: url("config", { show: "all" }), programs: url("publish"), rehearsal: url("game-day"),
};

const Item = ({ of }: { of: ReadinessItem }): JSX.Element => (
  <Gate good={of.status !== "warn"} title={of.title} more={of.more.map((line) => <div key={line}>{line}</div>)}>
    {of.name === "switch" && of.status === "warn" && mayOperate.value && (
      <button type="button" class="link" onClick={() => void turnAutoRecovery({ enabled: true })}>
        {discoverText.turnOn}
      </button>
    )}
    {of.name !== "switch" && (
      <a class="link" href={leads[of.name]} aria-label={discoverText.lookAt(of.title)}>
        {discoverText.look}
      </a>
    )}
  </Gate>
);
