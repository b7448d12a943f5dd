import type { JSX } from "preact";
import type { Cluster, ServerDetail } from "../api/types.ts";
import { useResource } from "../model/resource.ts";
import { name } from "../tree/names.ts";
import { Empty } from "../ui/states.tsx";
import { ErrantServers } from "./cluster-errant.tsx";

/** What each server holds; and what to do about transactions that the source never had. */
export function Gtid({ of }: { of: Cluster }): JSX.Element {
  return (
    <>
      <ErrantServers of={of} />
      <section class="sheet">
        <h2>What each server holds</h2>
        {of.members.length === 0 ? (
          <Empty title="No servers" />
        ) : (
          <div class="tscroll">
            <table class="see" aria-label="Binary logs of the servers">
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
