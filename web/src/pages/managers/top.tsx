import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Node, Nodes } from "../../api/types.ts";
import { canAct } from "../../model/acting.ts";
import { me } from "../../model/me.ts";
import { along, leaderFirst, ring, ringMost, ringSize, votes } from "../../layout/ring.ts";
import { ask } from "../../plan/model.ts";
import { Button } from "../../ui/button.tsx";
import { Dialog, DialogForm } from "../../ui/dialog.tsx";
import { Time } from "../../ui/time.tsx";
import { middle } from "../../words/names.ts";
import { managersText, milliseconds } from "../../words/service.ts";

const how: Record<Nodes["mode"], string> = { raft: managersText.byConsensus, lease: managersText.byLease, alone: managersText.byItself };

/** Whether the managers can decide, and how far they are from each other. */
export function Top({ is }: { is: Nodes }): JSX.Element {
  const several = is.nodes.length > 1 && is.links.length > 0;
  return (
    <div class={several ? "n-top" : ""}>
      <div class="hero">
        <p class="big">{is.sentence}</p>
        <p>
          {is.more} {is.leader === "" ? is.healthy && managersText.nothingDone : <Leader is={is} />}
        </p>
        <p class="small">{how[is.mode]}</p>
        {is.error && <p class="t-crit">{is.error}</p>}
        {is.votes && is.votes.all > 1 && <Quorum of={is.votes} />}
        <Acts is={is} />
      </div>
      {several && (is.nodes.length <= ringMost ? <Ring is={is} /> : <Trips is={is} />)}
    </div>
  );
}

const Leader = ({ is }: { is: Nodes }): JSX.Element => (
  <>
    {managersText.leader} <code>{is.leader}</code>
    {is.leader_since && (
      <>
        {managersText.since} <Time at={is.leader_since} />
      </>
    )}
    {is.term !== undefined && managersText.term(is.term)}
    {is.lease_renewed && (
      <>
        {managersText.leaseRenewed} <Time at={is.lease_renewed} />
      </>
    )}
    .
  </>
);

/** The votes: those that are needed solid, those to spare hatched, those that are missing hollow. */
const Quorum = ({ of }: { of: NonNullable<Nodes["votes"]> }): JSX.Element => (
  <div class="quorum">
    <span class="q-bar" aria-hidden="true">
      {votes(of).map((kind, n) => (
        <i key={n} class={of.here < of.needed && kind !== "gone" ? "lost" : kind} />
      ))}
    </span>
    <span>{managersText.votes(of)}</span>
  </div>
);

/** What concerns all of them. */
function Acts({ is }: { is: Nodes }): JSX.Element | null {
  const [adding, add] = useState(false);
  if (!me.value?.may_admin || is.mode !== "raft") return null;
  return (
    <p class="n-acts">
      <Button icon="plus" disabled={!canAct.value} onClick={() => add(true)}>
        {managersText.add}
      </Button>
      <Button kind="ghost" icon="pen" disabled={!canAct.value} onClick={() => void ask("raft-snapshot", {})}>
        {managersText.snapshot}
      </Button>
      {adding && <Peer title={managersText.addTitle} explain={managersText.addMeans} onClose={() => add(false)} onPlan={(peer, votes) => void ask("raft-add-peer", votes ? { peer } : { peer, votes: "false" })} asksVote />}
    </p>
  );
}

/** Asks for the address of a manager that runs already. */
export function Peer({ title, explain, asksVote = false, onPlan, onClose }: { title: string; explain: string; asksVote?: boolean; onPlan: (peer: string, votes: boolean) => void; onClose: () => void }): JSX.Element {
  const [peer, setPeer] = useState("");
  const [learner, setLearner] = useState(false);
  return (
    <Dialog title={title} onClose={onClose}>
      <DialogForm
        verb={managersText.showPlan}
        busy={peer.trim() === ""}
        onLeave={onClose}
        onDone={() => {
          onClose();
          onPlan(peer.trim(), !learner);
        }}
      >
        <div class="explain">
          <p>{explain}</p>
        </div>
        <label class="field">
          <span>{managersText.address}</span>
          <input type="text" class="field-in" required autocomplete="off" spellcheck={false} placeholder="10.0.0.9:10008" value={peer} onInput={(event) => setPeer(event.currentTarget.value)} />
        </label>
        {asksVote && (
          <label class="toggle">
            <input type="checkbox" checked={learner} onChange={(event) => setLearner(event.currentTarget.checked)} />
            <span>{managersText.learner}</span>
          </label>
        )}
      </DialogForm>
    </Dialog>
  );
}

/** How far they are from each other, drawn; the same in words for those who do not see it. */
function Ring({ is }: { is: Nodes }): JSX.Element {
  const nodes = leaderFirst(is.nodes);
  const places = ring(nodes.length);
  const at = new Map(nodes.map((node, n) => [node.id, places[n]!]));
  return (
    <figure class="ring">
      <svg viewBox={`0 0 ${ringSize.width} ${ringSize.height}`} aria-hidden="true">
        {is.links.map(({ from, to }) => {
          const a = at.get(from);
          const b = at.get(to);
          return a && b && <line key={from + to} x1={a.x} y1={a.y} x2={b.x} y2={b.y} />;
        })}
        {is.links.map(({ from, to, ms }) => {
          const a = at.get(from);
          const b = at.get(to);
          if (!a || !b) return null;
          const { x, y } = along(a, b);
          return (
            <text key={from + to} class="lat" x={x} y={y + 4}>
              {milliseconds(ms)}
            </text>
          );
        })}
        {nodes.map((node) => (
          <Dot key={node.id} node={node} at={at.get(node.id)!} />
        ))}
      </svg>
      <figcaption class="vh">
        <Trips is={is} />
      </figcaption>
    </figure>
  );
}

const Dot = ({ node, at }: { node: Node; at: { x: number; y: number } }): JSX.Element => (
  <>
    <circle cx={at.x} cy={at.y} r={node.leader ? 12 : 9} class={node.leader ? "lead" : node.here ? "" : "gone"} />
    <text x={at.x} y={at.y + (at.y < 60 ? -18 : 28)} class="who">
      {middle(node.name, 22)}
      {node.leader ? managersText.leads : node.here ? "" : managersText.silent}
    </text>
  </>
);

const Trips = ({ is }: { is: Nodes }): JSX.Element => {
  const name = new Map(is.nodes.map((node) => [node.id, node.name]));
  return (
    <div class="hero plain trips">
      <h2>{managersText.trips}</h2>
      <ul>
        {[...is.links]
          .sort((a, b) => b.ms - a.ms)
          .map(({ from, to, ms }) => (
            <li key={from + to}>
              <span>{managersText.between(name.get(from) ?? from, name.get(to) ?? to)}</span> <b>{milliseconds(ms)}</b>
            </li>
          ))}
      </ul>
    </div>
  );
};
