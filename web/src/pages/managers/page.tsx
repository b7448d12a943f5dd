import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { connection, want } from "../../api/events.ts";
import type { NodeReports, Nodes } from "../../api/types.ts";
import { useHeading } from "../../model/heading.ts";
import { me } from "../../model/me.ts";
import { nodes, readNodes } from "../../model/nodes.ts";
import { useResource } from "../../model/resource.ts";
import { route } from "../../model/route.ts";
import { close, open, shown } from "../../plan/model.ts";
import { PlanPanel, planOpen } from "../../plan/panel.tsx";
import { Loaded } from "../../ui/states.tsx";
import { url } from "../../url.ts";
import { text } from "../../words/en.ts";
import { managersText } from "../../words/service.ts";
import { Card } from "./card.tsx";
import { Attention, Sees } from "./sees.tsx";
import { Top } from "./top.tsx";

/** Who decides, whether they can, and what they see. */
export function Managers(): JSX.Element {
  useHeading({ title: managersText.managers });
  const resource = useResource<Nodes>("nodes");
  const reports = useResource<NodeReports>("nodes/reports", {}, { on: (_name, event) => (event.nodes ? "reload" : undefined) });
  const status = route.value.path.startsWith("status");
  useEffect(() => {
    const named = route.peek().query.get("plan");
    if (named) void open(named);
    const unwant = want("nodes:figures");
    return () => {
      unwant();
      close();
    };
  }, []);
  const state = shown.value?.plan.state;
  useEffect(() => {
    if (state === "done" || state === "failed") void readNodes().catch(() => undefined);
  }, [state]);
  return (
    <div class={planOpen() ? "n-page planned" : "n-page"}>
      <div class="n-main">
        <Loaded of={{ ...resource, value: nodes.value ?? resource.value }} rows={3}>
          {(is) => (
            <>
              <Top is={is} />
              <div class="n-cards">
                {is.nodes.map((node) => (
                  <Card key={node.id} node={node} of={is} report={reports.value?.nodes.find((report) => report.id === node.id)} />
                ))}
              </div>
              <section class="sheet two">
                <Loaded of={reports} rows={3}>
                  {(value) => (
                    <>
                      <Sees of={value} is={is} />
                      <Attention of={value.attention} />
                    </>
                  )}
                </Loaded>
              </section>
              <Service open={status} />
            </>
          )}
        </Loaded>
      </div>
      {planOpen() && (
        <aside class="sheet" aria-label={managersText.plan}>
          <PlanPanel />
        </aside>
      )}
    </div>
  );
}

/** What the former status page had: who looks, and this node. */
function Service({ open }: { open: boolean }): JSX.Element {
  const is = me.value;
  return (
    <details class="sheet" open={open}>
      <summary>
        <h2>{managersText.thisNodeAndYou}</h2>
      </summary>
      <dl>
        {(
          [
            [managersText.you, is?.name || managersText.nobodySigned],
            [managersText.youMay, is?.may_admin ? managersText.changeServersAndTheService : is?.may_operate ? managersText.changeServers : managersText.look],
            [managersText.signedIn, is?.method ?? text.unknown],
            [managersText.node, connection.value.node || is?.node || text.unknown],
            [managersText.version, is?.version ?? text.unknown],
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
          <a class="link" href={url("config", { reload: "1" })}>
            {managersText.readTheConfigurationAgain}
          </a>
        </p>
      )}
    </details>
  );
}
