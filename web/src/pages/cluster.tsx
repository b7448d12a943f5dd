import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { cluster, clusterProblem, look, reloadCluster } from "../model/cluster.ts";
import { announceCluster } from "../model/custom.ts";
import { useHeading } from "../model/heading.ts";
import { preferences } from "../model/preferences.ts";
import { opened } from "../model/recent.ts";
import { amend, go, route } from "../model/route.ts";
import { selection as about } from "../model/selection.ts";
import { ask, open, shown } from "../plan/model.ts";
import { PlanPanel, planOpen } from "../plan/panel.tsx";
import { Canvas } from "../tree/canvas.tsx";
import { Hints } from "../tree/hints.tsx";
import { Outline } from "../tree/outline.tsx";
import { focused, select, selection } from "../tree/selection.ts";
import { Table } from "../tree/table.tsx";
import { Failed, Skeleton } from "../ui/states.tsx";
import { part } from "../url.ts";
import { ClusterBar, type View, viewOf } from "./cluster-bar.tsx";
import { beginNamed, Wanted } from "./cluster-begin.tsx";
import { Dialogs } from "./cluster-dialogs.tsx";
import { Board } from "./cluster-forecast.tsx";
import { Gtid } from "./cluster-gtid.tsx";
import { ClusterHead } from "./cluster-head.tsx";
import { HistoryStrip, momentOf, PastTree } from "./cluster-history.tsx";
import { ForecastSmall } from "./cluster-panel.tsx";
import { Recoveries } from "./cluster-lists.tsx";
import { Settings } from "./cluster-settings.tsx";
import { Pools } from "./cluster-pools.tsx";
import { Several } from "./cluster-several.tsx";
import { ServerPanel } from "./cluster-server.tsx";
import { leave, promote, Switchover, switching } from "./cluster-switchover.tsx";
import { tabText } from "../words/acts.ts";

/** The cluster that an address names: by alias, by name, or by one of its servers; which is then selected. */
export function named(path: string): { cluster: string; server?: string; pools?: boolean } {
  const parts = path.split("/").map(decodeURIComponent);
  if (parts[0] === "cluster-pools") return { cluster: parts[1] ?? "", pools: true };
  if (parts[1] === "alias") return { cluster: parts[2] ?? "" };
  if (parts[1] === "instance") {
    const server = `${parts[2] ?? ""}:${parts[3] ?? "3306"}`;
    return { cluster: server, server };
  }
  return { cluster: parts[1] ?? "" };
}

/** One cluster: the tree, the trouble, and the way out of it. */
export function ClusterPage(): JSX.Element {
  const { cluster: wanted, server, pools } = named(route.value.path);
  const is = cluster.value;
  const query = route.value.query;
  const planned = useRef(false);
  useEffect(() => look(wanted), [wanted]);
  useEffect(() => {
    if (server && !query.has("sel")) select(server);
  }, [server]);
  useEffect(() => {
    const plan = query.get("plan");
    if (plan) void open(plan);
    else if (planned.current && shown.peek()) leave(); // by the browser's way back; who closed it has asked for the next one already
    planned.current = plan !== null;
  }, [query.get("plan")]);
  useEffect(() => () => void (planOpen() && leave()), []); // a plan that runs goes on, and the frame follows it
  useEffect(() => {
    const what = query.get("do");
    if (!what || !is) return;
    const to = query.get("to");
    amend({ do: undefined, to: undefined });
    const server = selection.peek()[0];
    if (to && server) void ask(what, { instance: server, destination: to });
    else void beginNamed(what, server);
  }, [query.get("do"), is === null]);
  useEffect(() => void (is && opened(is.alias)), [is?.alias]);
  // After a failover the cluster has another name. The address follows where it named the old one.
  // Only who saw it happen is told that it was so until lately: a server that an address names may never have been the primary.
  const called = useRef("");
  useEffect(() => {
    const saw = called.current === wanted;
    called.current = is?.name ?? "";
    if (!is || wanted === is.name || wanted === is.alias || server || pools) return;
    if (saw || is.members.some((one) => one.key === wanted)) go("cluster/" + part(is.name), { ...Object.fromEntries(route.peek().query), ...(saw && { was: wanted }) }, true);
  }, [is?.name]);
  useEffect(() => {
    if (is) announceCluster();
  }, [is?.name]);
  useEffect(() => {
    about.value = { cluster: is?.alias ?? null, servers: selection.value.length > 0 ? selection.value : is?.primary ? [is.primary] : [] };
  }, [is?.alias, is?.primary, selection.value]);
  useEffect(() => () => void (about.value = { cluster: null, servers: [] }), []);
  useHeading({ title: is?.alias ?? wanted, status: is?.status, trail: [{ name: "Clusters", path: "clusters" }] });
  const problem = clusterProblem.value;
  if (!is) return problem ? <Failed problem={problem} again={reloadCluster} /> : <Skeleton rows={8} />;
  const tab = query.get("tab") ?? (pools ? "pools" : "");
  const at = momentOf();
  const topology = tab === "" || tab === "servers";
  return (
    <div class={topology ? "page-cluster" : "page-board"}>
      {problem && <Failed problem={problem} again={reloadCluster} />}
      <ClusterHead of={is} tab={tab} />
      {topology && !at && topologyOf[tab === "servers" ? "table" : viewOf()]}
      {topology && at && <PastTree of={is} at={at} />}
      {topology && <HistoryStrip of={is} />}
      {tab === "forecast" && <Board of={is} />}
      {tab === "recoveries" && <Recoveries of={is} />}
      {tab === "binlogs" && <Gtid of={is} />}
      {tab === "pools" && <Pools of={is} />}
      {tab === "settings" && <Settings of={is} />}
      {!topology && planOpen() && (
        <aside class="panel floating open" aria-label={tabText.plan}>
          <PlanPanel />
        </aside>
      )}
      <Dialogs />
      <Wanted />
    </div>
  );
}

function Topology({ view }: { view: View }): JSX.Element {
  const explain = (): void => amend({ tab: "forecast" }, false);
  const hidden = preferences.value.panel === "hidden" && !planOpen() && !switching.value;
  return (
    <div class="work" data-panel={hidden ? "hidden" : undefined}>
      <section class="canvas" aria-label={tabText.topology}>
        <ClusterBar view={view} />
        {view === "tree" && <Canvas onExplain={explain} onPromote={promote} />}
        {view === "tree" && <Hints />}
        {view === "outline" && <Outline onExplain={explain} onPromote={promote} />}
        {view === "table" && <Table />}
      </section>
      <Panel />
    </div>
  );
}

/** One of each kind, made once: news of the cluster make its head anew, and not the tree. */
const topologyOf: Record<View, JSX.Element> = { tree: <Topology view="tree" />, outline: <Topology view="outline" />, table: <Topology view="table" /> };

/** The side panel: the plan, else what is selected, else the forecast. */
function Panel(): JSX.Element {
  const chosen = selection.value;
  const planning = planOpen();
  const back = (): void => {
    select(undefined);
    document.getElementById("n-" + focused.peek())?.focus({ preventScroll: true });
  };
  return (
    <aside class={planning || chosen.length > 0 || switching.value ? "panel open" : "panel"} aria-label={tabText.details} data-plan={shown.value?.plan.id}>
      {switching.value ? (
        <Switchover />
      ) : planning ? (
        <PlanPanel />
      ) : chosen.length > 1 ? (
        <Several keys={chosen} onClose={back} />
      ) : chosen.length === 1 ? (
        <ServerPanel key={chosen[0]} server={chosen[0]!} onClose={back} />
      ) : (
        <ForecastSmall of={cluster.value!} />
      )}
    </aside>
  );
}
