import type { ComponentChildren, JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Cluster, Errant, ErrantTransaction, Server } from "../api/types.ts";
import { serverCell } from "../model/cluster.ts";
import { canAct } from "../model/acting.ts";
import { mayOperate } from "../model/me.ts";
import { useResource } from "../model/resource.ts";
import { ask } from "../plan/model.ts";
import { declare } from "../tree/declare.ts";
import { name } from "../tree/names.ts";
import { Button } from "../ui/button.tsx";
import { Ask } from "../ui/dialog.tsx";
import { Mark } from "../ui/marks.tsx";
import { Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { count, plural } from "../words/en.ts";
import { errantText } from "../words/binlogs.ts";
import { Rebuild } from "./errant-rebuild.tsx";

/** Servers that hold transactions which their sources never had; and those of which that is over since the page was opened. */
export function ErrantServers({ of }: { of: Cluster }): JSX.Element {
  const had = useRef(new Set<string>());
  const errant = of.members.filter((server) => server.errant);
  for (const server of errant) had.current.add(server.key);
  const accepted = of.members.filter((server) => !server.errant && server.errant_accepted);
  const over = of.members.filter((server) => !server.errant && !server.errant_accepted && had.current.has(server.key));
  return (
    <>
      {errant.map((server) => (
        <Flow key={server.key} of={server} />
      ))}
      {accepted.map((server) => (
        <Accepted key={server.key} of={server} />
      ))}
      {over.map((server) => (
        <section key={server.key} class="sheet errant-over" role="status">
          <h2>
            <Mark status="ok" label={false} /> {name(server.key)} {errantText.over}
          </h2>
          <p class="small">
            {errantText.byItsLastLook} <Time at={serverCell(server.key)?.value.seen} />.
          </p>
        </section>
      ))}
    </>
  );
}

/** Those that may stay: who said so, and a way to take it back. */
function Accepted({ of }: { of: Server }): JSX.Element | null {
  const is = of.errant_accepted;
  if (!is) return null;
  return (
    <section class="sheet errant-accepted" data-server={of.key}>
      <h2>
        <Mark status="info" label={false} /> {name(of.key)} {errantText.accepted}
      </h2>
      <p>
        <code class="wrap">{is.set}</code>
      </p>
      <p class="small">
        {errantText.acceptedBy(is.owner, is.reason)} <Time at={is.begin} />
      </p>
      {mayOperate.value && (
        <Button disabled={!canAct.value} onClick={() => void ask("gtid-errant-withdraw", { instance: of.key })}>
          {errantText.withdraw}
        </Button>
      )}
    </section>
  );
}

/** See, judge, choose: each choice is a plan with its consequences. That it worked is seen by the section going. */
function Flow({ of }: { of: Server }): JSX.Element {
  const [accepting, accept] = useState(false);
  const errant = useResource<Errant>(`instances/${encodeURIComponent(of.key)}/errant`, { seen: of.errant });
  return (
    <section class="sheet errant" data-server={of.key}>
      <h2>
        <Mark status="warn" /> {name(of.key)} {errantText.holds}
      </h2>
      <p class="small">{errantText.danger}</p>
      <h3>{errantText.whatTheyAre}</h3>
      <Loaded of={errant} rows={2}>
        {(value) => <See of={value} set={of.errant ?? ""} />}
      </Loaded>
      {mayOperate.value && (
        <>
          <h3>{errantText.isItReal}</h3>
          <ul class="choices">
            <Choice title={errantText.lookAgainFirst} verb={errantText.lookAgain} onDo={() => void ask("refresh", { instance: of.key })}>
              {errantText.lookAgainMeans}
            </Choice>
          </ul>
          <h3>{errantText.whatToDo}</h3>
          <ul class="choices">
            <Choice title={errantText.inject} verb={errantText.showThePlan} onDo={() => void ask("gtid-errant-inject-empty", { instance: of.key })}>
              {errantText.injectMeans(name(of.key))}
            </Choice>
            <Choice title={errantText.forget} verb={errantText.showThePlan} onDo={() => void ask("gtid-errant-reset-master", { instance: of.key })}>
              {errantText.forgetMeans}
            </Choice>
            <Choice title={errantText.accept} verb={errantText.acceptVerb} onDo={() => accept(true)}>
              {errantText.acceptMeans}
            </Choice>
            <Choice title={errantText.leave} verb={errantText.promotionRule} onDo={() => declare("rule", [of.key])}>
              {errantText.leaveMeans}
            </Choice>
            <Rebuild of={of} />
          </ul>
        </>
      )}
      {accepting && (
        <Ask
          title={errantText.acceptOf(name(of.key))} verb={errantText.showThePlan} label={errantText.acceptWhy} onClose={() => accept(false)}
          explain={<p>{errantText.acceptMeans}</p>}
          onDone={(reason) => {
            accept(false);
            void ask("gtid-errant-accept", { instance: of.key, "gtid-set": of.errant ?? "", reason });
          }}
        />
      )}
    </section>
  );
}

function See({ of, set }: { of: Errant; set: string }): JSX.Element {
  return (
    <>
      <p>
        <code class="wrap">{of.set || set}</code>
      </p>
      <ul class="why">
        {of.sources.map((source) => (
          <li key={source.uuid}>
            <span>{plural(source.count, "transaction")}</span>
            <span>
              {source.server ? (
                <>
                  {errantText.writtenOn} <code>{name(source.server)}</code>
                </>
              ) : (
                errantText.writtenUnknown
              )}{" "}
              <small>{source.uuid}</small>
            </span>
          </li>
        ))}
        {of.files.length > 0 && (
          <li>
            <span>{of.files.length === 1 ? errantText.binaryLog : errantText.binaryLogs}</span>
            <span>
              <code>{of.files.join(", ")}</code>
            </span>
          </li>
        )}
      </ul>
      {of.unreadable && <p class="small">{errantText.unreadable} {of.unreadable}.</p>}
      {of.transactions.length > 0 && <Transactions of={of.transactions} cutOff={of.cut_off} />}
    </>
  );
}

const listed = 100;

const Transactions = ({ of, cutOff }: { of: ErrantTransaction[]; cutOff: boolean }): JSX.Element => (
  <div class="tscroll">
    <table class="see" aria-label={errantText.errantTransactions}>
      <thead>
        <tr>
          {[errantText.transaction, "Where", errantText.did].map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {of.slice(0, listed).map((one) => (
          <tr key={one.gtid}>
            <th scope="row">
              <code>{one.gtid}</code>
            </th>
            <td>
              <code>{`${one.file}:${one.position}`}</code>
            </td>
            <td>
              {one.events.map((event, n) => (
                <div key={n}>
                  <code class="wrap">{event.text || event.type}</code>
                </div>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
    {(cutOff || of.length > listed) && <p class="small">{errantText.areListedThereAreMore(count(Math.min(listed, of.length)))}</p>}
  </div>
);

const Choice = ({ title, verb, onDo, children }: { title: string; verb: string; onDo: () => void; children: ComponentChildren }): JSX.Element => (
  <li>
    <div>
      <b>{title}</b>
      <p class="small">{children}</p>
    </div>
    <Button onClick={onDo}>{verb}</Button>
  </li>
);
