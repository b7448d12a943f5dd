import type { JSX } from "preact";
import type { Cluster, Server, ServerDetail } from "../api/types.ts";
import { mayOperate } from "../model/me.ts";
import { useResource } from "../model/resource.ts";
import { ask } from "../plan/model.ts";
import { declare } from "../tree/declare.ts";
import { name } from "../tree/names.ts";
import { Button } from "../ui/button.tsx";
import { Mark } from "../ui/marks.tsx";
import { Empty, Loaded } from "../ui/states.tsx";

/** What each server holds; and what to do about transactions that the source never had. */
export function Gtid({ of }: { of: Cluster }): JSX.Element {
  const errant = of.members.filter((server) => server.errant);
  return (
    <>
      {errant.map((server) => (
        <Errant key={server.key} of={server} cluster={of} />
      ))}
      <section class="sheet">
        <h2>What each server holds</h2>
        {of.members.length === 0 ? (
          <Empty title="No servers" />
        ) : (
          <div class="tscroll">
            <table class="see">
              <thead>
                <tr>
                  {["Server", "Own log at", "Executed", "Purged", "Errant"].map((head) => (
                    <th key={head}>{head}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {of.members.slice(0, 50).map((server) => (
                  <Lane key={server.key} server={server.key} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </>
  );
}

function Lane({ server }: { server: string }): JSX.Element {
  const detail = useResource<ServerDetail>("instances/" + encodeURIComponent(server)).value;
  return (
    <tr>
      <th>
        <code title={server}>{name(server)}</code>
      </th>
      <td>{detail?.position ?? ""}</td>
      <td>
        <code class="wrap">{detail?.executed_set ?? ""}</code>
      </td>
      <td>
        <code class="wrap">{detail?.purged_set ?? ""}</code>
      </td>
      <td>{detail?.errant ? <code class="wrap t-warn">{detail.errant}</code> : ""}</td>
    </tr>
  );
}

/** See, judge, choose: each choice is a plan with its consequences. */
function Errant({ of, cluster }: { of: Server; cluster: Cluster }): JSX.Element {
  const detail = useResource<ServerDetail>("instances/" + encodeURIComponent(of.key));
  return (
    <section class="sheet">
      <h2>
        <Mark status="warn" /> {name(of.key)} holds transactions that its source never had
      </h2>
      <Loaded of={detail} rows={2}>
        {(value) => (
          <p>
            <code class="wrap">{value.errant || of.errant}</code>
          </p>
        )}
      </Loaded>
      <p class="small">If it became the primary, these would appear on all others, or replication would break where their logs are gone already.</p>
      {mayOperate.value && (
        <ul class="choices">
          <Choice title="Look again" text="Two readings at different moments can make it look so. Nothing is changed on the server." verb="Look again" onDo={() => void ask("refresh", { instance: of.key })} />
          <Choice
            title="Commit empty transactions on the primary" text={`The data of ${name(of.key)} stays different; nothing breaks when it is promoted.`} verb="Show the plan"
            onDo={() => void ask("gtid-errant-inject-empty", { instance: of.key })}
          />
          <Choice
            title="Forget them here" text="Its binary logs are deleted, and with them what it says it has executed beyond its source. Possible only without replicas." verb="Show the plan"
            onDo={() => void ask("gtid-errant-reset-master", { instance: of.key })}
          />
          <Choice title="Leave it, and never promote it" text="Its promotion rule becomes must_not." verb="Promotion rule…" onDo={() => declare("rule", [of.key])} />
        </ul>
      )}
      <p class="small">Cluster {cluster.alias}. To make the data equal, the server has to be rebuilt from another one.</p>
    </section>
  );
}

const Choice = ({ title, text, verb, onDo }: { title: string; text: string; verb: string; onDo: () => void }): JSX.Element => (
  <li>
    <div>
      <b>{title}</b>
      <p class="small">{text}</p>
    </div>
    <Button onClick={onDo}>{verb}</Button>
  </li>
);
