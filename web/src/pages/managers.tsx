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

/** Who decides, and whether they can. */
export function Managers(): JSX.Element {
  useHeading({ title: "Managers" });
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
      toast({ status: "ok", text: done.message || "The term of the leader ends." });
      await readNodes();
    } catch (error) {
      tellRefusal(error);
    }
  };
  return (
    <div class="hero">
      <p class="big">{is.sentence}</p>
      <p>
        {is.leader === "" ? "Nothing would be failed over, and nothing can be changed." : <>Leader <code>{is.leader}</code>.</>}{" "}
        {is.replicated ? "The managers agree by consensus: each holds all that is declared." : is.nodes.length > 1 ? "They share a backend database, and the one with the lease leads." : ""}
      </p>
      {is.error && <p class="t-crit">{is.error}</p>}
      {me.value?.may_admin && is.nodes.length > 1 && (
        <p>
          <Button icon="swap" disabled={!canAct.value} onClick={() => ask(true)}>
            Let another one lead…
          </Button>
        </p>
      )}
      {asking && (
        <Ask title="End the term of the leader" verb="End the term of the leader" onClose={() => ask(false)} onDone={() => void reelect()}
          explain={<p>The managers choose anew; it may be the same one. For the second or two that this takes nothing is failed over.</p>} />
      )}
    </div>
  );
}

const Card = ({ node, all }: { node: Node; all: Nodes }): JSX.Element => {
  const skewed = all.nodes.some((other) => other.version !== node.version);
  const facts: [string, JSX.Element | string, boolean?][] = [
    ["Version", node.version || text.unknown, skewed],
    ["Backend", node.backend || text.unknown],
    ["Running since", <Time at={node.first_seen} />],
    ["Seen", <Time at={node.last_seen} />],
  ];
  return (
    <article class={node.leader ? "node leader" : "node"}>
      <div class="n1">
        <Mark status="ok" label={false} />
        <b>{node.hostname}</b>
        <span class={node.leader ? "pill p-acc" : "pill"}>{node.leader ? "leader" : "follower"}</span>
        {node.self && <span class="pill">this node</span>}
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
      <h2>Attention</h2>
      <ul class="gates">
        <Gate good={is.healthy} title={is.healthy ? "This node is well" : "This node is not well"} more={is.error ?? "it reaches its database"} />
        <Gate good={is.leader !== ""} title={is.leader === "" ? "Nobody leads" : `${is.leader} leads`} more={is.leader === "" ? "nothing would be failed over" : is.leader_uri} />
        <Gate good={is.nodes.length > 1} title={plural(is.nodes.length, "manager")} more={is.nodes.length > 1 ? "" : "if it stops, nobody fails over"} />
        <Gate good={versions.length <= 1} title={versions.length <= 1 ? "All have the same version" : `Versions differ: ${versions.join(", ")}`} more={versions.length <= 1 ? versions[0] : "upgrade the rest next; mixed versions are fine for the time of an upgrade"} />
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
      toast({ status: "ok", text: done.message || "The configuration was read again.", details: "config" });
    } catch (error) {
      tellRefusal(error);
    }
  };
  return (
    <details class="sheet" open={open}>
      <summary>
        <h2>This node, and you</h2>
      </summary>
      <dl>
        {(
          [
            ["You", is?.name || "nobody signed in"],
            ["You may", is?.may_admin ? "change servers and the service" : is?.may_operate ? "change servers" : "look"],
            ["Signed in by", is?.method ?? text.unknown],
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
            Read the configuration again
          </Button>
        </p>
      )}
    </details>
  );
}
