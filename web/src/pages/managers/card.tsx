import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { Node, NodeReport, Nodes } from "../../api/types.ts";
import { canAct } from "../../model/acting.ts";
import { me } from "../../model/me.ts";
import { hueOf } from "../../model/sites.ts";
import { ask } from "../../plan/model.ts";
import { Button } from "../../ui/button.tsx";
import { Mark, Site } from "../../ui/marks.tsx";
import { Time } from "../../ui/time.tsx";
import { type Status, text } from "../../words/en.ts";
import { bytes, managersText, milliseconds } from "../../words/service.ts";
import { Peer } from "./top.tsx";

type Fact = [name: string, value: ComponentChildren, warn?: boolean];

/** A manager: what it is, how it stands among the others, and what can be done with it. */
export function Card({ node, of, report }: { node: Node; of: Nodes; report: NodeReport | undefined }): JSX.Element {
  const status: Status = !node.here || node.failing ? "crit" : node.behind ? "info" : "ok";
  const site = report?.site;
  return (
    <article class={node.leader ? "node leader" : "node"} aria-label={node.name}>
      <div class="n1">
        <Mark status={status} label={node.here ? (node.failing ? managersText.fails : managersText.here) : managersText.silentWord} />
        <b title={node.name}>{node.name}</b>
        <span class={node.leader ? "pill p-acc" : "pill"}>{managersText.roles[node.role]}</span>
        {node.self && of.nodes.length > 1 && <span class="pill">{managersText.thisNode}</span>}
        {site && (
          <>
            <span class="grow" />
            <Site name={site} hue={hueOf.value(site)} />
          </>
        )}
      </div>
      {(node.address || node.uri) && <code class="addr">{[node.address !== node.name && node.address, node.uri].filter(Boolean).join(" · ")}</code>}
      <dl>
        {facts(node, of, report).map(([name, value, warn]) => (
          <div key={name} class="kv">
            <dt>{name}</dt>
            <dd class={warn ? "t-warn" : ""}>{value}</dd>
          </div>
        ))}
      </dl>
      <Acts node={node} of={of} />
    </article>
  );
}

/** What is known of it. What it has not told is unknown, and what it cannot have is left out. */
function facts(node: Node, of: Nodes, report: NodeReport | undefined): Fact[] {
  const told = report && !report.error ? report : undefined;
  const list: Fact[] = [];
  if (of.mode === "raft") {
    list.push([managersText.index, node.index === null ? text.unknown : managersText.indexIs(node.index, node.behind ?? 0)]);
    list.push([managersText.contact, node.leader && node.here ? managersText.isTheLeader : contact(node), !node.here]);
    list.push([managersText.trip, node.leader ? "—" : node.round_trip_ms === null ? text.unknown : milliseconds(node.round_trip_ms)]);
  } else {
    list.push([managersText.contact, <Time at={node.last_seen} />, !node.here]);
    if (told?.backend_ms) list.push([managersText.backendAnswers, milliseconds(told.backend_ms)]);
  }
  list.push([managersText.serversSeen, !told ? text.unknown : told.witness ? managersText.witness : managersText.seenOf(told.seen, told.servers), told !== undefined && told.seen < told.servers]);
  list.push([managersText.version, node.version || text.unknown, node.odd]);
  list.push([managersText.runningSince, <Time at={told?.begun ?? node.first_seen} />]);
  list.push([managersText.backend, !told?.backend ? node.backend || text.unknown : told.backend_bytes ? `${told.backend} ${bytes(told.backend_bytes)}` : told.backend]);
  if (report?.error) list.push([managersText.report, report.error, node.here]);
  return list;
}

/** How long nothing was heard of it: exactly while that is short. */
const contact = (node: Node): ComponentChildren => (node.contact_ms !== null && node.contact_ms < 10_000 ? milliseconds(node.contact_ms) : <Time at={node.last_seen} />);

/** What can be done with it; each shows its plan first. */
function Acts({ node, of }: { node: Node; of: Nodes }): JSX.Element | null {
  const [replacing, replace] = useState(false);
  if (!me.value?.may_admin || of.nodes.length === 1) return null;
  const off = !canAct.value;
  if (of.mode !== "raft") {
    if (!node.leader && !node.self) return null;
    return (
      <div class="n-act">
        <Button kind="ghost" icon="swap" disabled={off} onClick={() => void (node.leader ? ask("reelect", {}) : ask("grab-election", {}))}>
          {node.leader ? managersText.endItsTerm : managersText.letThisLead}
        </Button>
      </div>
    );
  }
  const peer = node.address ?? node.id;
  const mayLead = node.here && !node.failing && (node.role === "follower" || node.role === "candidate");
  return (
    <div class="n-act">
      {node.leader ? (
        <Button kind="ghost" icon="swap" disabled={off} onClick={() => void ask("reelect", {})}>
          {managersText.handOver}
        </Button>
      ) : (
        mayLead && (
          <Button kind="ghost" icon="swap" disabled={off} onClick={() => void ask("raft-yield", { hostname: peer })}>
            {managersText.makeLeader}
          </Button>
        )
      )}
      <span class="grow" />
      <Button kind="ghost" disabled={off} label={managersText.replaceOne(node.name)} onClick={() => replace(true)}>
        {managersText.replace}
      </Button>
      <Button kind="ghost" disabled={off} label={managersText.removeOne(node.name)} onClick={() => void ask("raft-remove-peer", { peer })}>
        {managersText.remove}
      </Button>
      {replacing && <Peer title={managersText.replaceOne(node.name)} explain={managersText.replaceMeans} onClose={() => replace(false)} onPlan={(next) => void ask("raft-replace-peer", { peer, "new-peer": next })} />}
    </div>
  );
}
