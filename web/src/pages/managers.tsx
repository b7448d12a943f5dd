import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../api/client.ts";
import type { Node, Nodes, Outcome } from "../api/types.ts";
import { connection } from "../api/events.ts";
import { canAct } from "../model/acting.ts";
import { useHeading } from "../model/heading.ts";
import { me } from "../model/me.ts";
import { nodes, readNodes } from "../model/nodes.ts";
import { useResource } from "../model/resource.ts";
import { route } from "../model/route.ts";
import { tellRefusal, toast } from "../model/toasts.ts";
import { Button } from "../ui/button.tsx";
import { Ask } from "../ui/dialog.tsx";
import { Mark } from "../ui/marks.tsx";
import { Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { plural, text } from "../words/en.ts";
import { Gate } from "./recovery/facts.tsx";
import { managersText } from "../words/service.ts";

/** Who decides, and whether they can. */
export function Managers(): JSX.Element {
  useHeading({ title: managersText.managers });
  const resource = useResource<Nodes>("nodes");
  const status = route.value.path.startsWith("status");
  return (
    <Loaded of={{ ...resource, value: nodes.value ?? resource.value }} rows={3}>
      {(is) => (
        <>
          <Top is={is} />
          <div class="n-cards">
            {is.nodes.map((node) => (
              <Card key={node.hostname} node={node} all={is} />
            ))}
          </div>
          <Attention is={is} />
          <Service open={status} />
        </>
      )}
    </Loaded>
  );
}

function Top({ is }: { is: Nodes }): JSX.Element {
  const [asking, ask] = useState(false);
  const reelect = async (): Promise<void> => {
    ask(false);
    try {
      const done = await send<Outcome>("POST", "nodes/reelect");
      toast({ status: "ok", text: done.message || managersText.theTermOfTheLeader });
      await readNodes();
    } catch (error) {
      tellRefusal(error);
    }
  };
  return (
    <div class="hero">
      <p class="big">{is.sentence}</p>
      <p>
        {is.leader === "" ? managersText.nothingDone : <>Leader <code>{is.leader}</code>.</>}{" "}
        {is.replicated ? managersText.byConsensus : is.nodes.length > 1 ? managersText.byLease : ""}
      </p>
      {is.error && <p class="t-crit">{is.error}</p>}
      {me.value?.may_admin && is.nodes.length > 1 && (
        <p>
          <Button icon="swap" disabled={!canAct.value} onClick={() => ask(true)}>
            {managersText.letAnotherOneLead}
          </Button>
        </p>
      )}
      {asking && (
        <Ask title={managersText.endTheTerm} verb={managersText.endTheTerm} onClose={() => ask(false)} onDone={() => void reelect()}
          explain={<p>{managersText.reelectMeans}</p>} />
      )}
    </div>
  );
}

const Card = ({ node, all }: { node: Node; all: Nodes }): JSX.Element => {
  const skewed = all.nodes.some((other) => other.version !== node.version);
  const facts: [string, JSX.Element | string, boolean?][] = [
    ["Version", node.version || text.unknown, skewed],
    ["Backend", node.backend || text.unknown],
    [managersText.runningSince, <Time at={node.first_seen} />],
    ["Seen", <Time at={node.last_seen} />],
  ];
  return (
    <article class={node.leader ? "node leader" : "node"}>
      <div class="n1">
        <Mark status="ok" label={false} />
        <b>{node.hostname}</b>
        <span class={node.leader ? "pill p-acc" : "pill"}>{node.leader ? "leader" : "follower"}</span>
        {node.self && <span class="pill">{managersText.thisNode}</span>}
      </div>
      <dl>
        {facts.map(([name, value, warn]) => (
          <div key={name} class="kv">
            <dt>{name}</dt>
            <dd class={warn ? "t-warn" : ""}>{value}</dd>
          </div>
        ))}
      </dl>
    </article>
  );
};

function Attention({ is }: { is: Nodes }): JSX.Element {
  const versions = [...new Set(is.nodes.map((node) => node.version))];
  return (
    <section class="sheet">
      <h2>{managersText.attention}</h2>
      <ul class="gates">
        <Gate good={is.healthy} title={is.healthy ? managersText.thisNodeIsWell : managersText.thisNodeIsNotWell} more={is.error ?? managersText.itReachesItsDatabase} />
        <Gate good={is.leader !== ""} title={is.leader === "" ? managersText.nobodyLeads : `${is.leader} leads`} more={is.leader === "" ? managersText.nothingWouldBeFailedOver : is.leader_uri} />
        <Gate good={is.nodes.length > 1} title={plural(is.nodes.length, "manager")} more={is.nodes.length > 1 ? "" : managersText.ifItStopsNobodyFails} />
        <Gate good={versions.length <= 1} title={versions.length <= 1 ? managersText.allHaveTheSameVersion : managersText.versionsDiffer(versions)} more={versions.length <= 1 ? versions[0] : managersText.versionsDifferMeans} />
      </ul>
    </section>
  );
}

/** What the former status page had: who looks, this node, and its two commands. */
function Service({ open }: { open: boolean }): JSX.Element {
  const is = me.value;
  const reload = async (): Promise<void> => {
    try {
      const done = await send<Outcome>("POST", "config/reload", {});
      toast({ status: "ok", text: done.message || managersText.theConfigurationWasReadAgain, details: "config" });
    } catch (error) {
      tellRefusal(error);
    }
  };
  return (
    <details class="sheet" open={open}>
      <summary>
        <h2>{managersText.thisNodeAndYou}</h2>
      </summary>
      <dl>
        {(
          [
            ["You", is?.name || managersText.nobodySigned],
            [managersText.youMay, is?.may_admin ? managersText.changeServersAndTheService : is?.may_operate ? managersText.changeServers : "look"],
            [managersText.signedIn, is?.method ?? text.unknown],
            ["Node", connection.value.node || is?.node || text.unknown],
            ["Version", is?.version ?? text.unknown],
          ] as const
        ).map(([name, value]) => (
          <div key={name} class="kv">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {is?.may_admin && (
        <p>
          <Button disabled={!canAct.value} onClick={() => void reload()}>
            {managersText.readTheConfigurationAgain}
          </Button>
        </p>
      )}
    </details>
  );
}
