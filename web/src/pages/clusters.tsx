import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { fleet } from "../model/fleet.ts";
import { fits, parse } from "../model/filter.ts";
import { useHeading } from "../model/heading.ts";
import { type GroupName, groupNames, type Order, orders } from "../model/order.ts";
import { amend, route } from "../model/route.ts";
import { Empty, Skeleton } from "../ui/states.tsx";
import { count } from "../words/en.ts";
import { Changes } from "./clusters/changes.tsx";
import { Facts } from "./clusters/facts.tsx";
import { Filters } from "./clusters/filters.tsx";
import { Incident } from "./clusters/incident.tsx";
import { Healthy, Rows } from "./clusters/rows.tsx";
import { Table } from "./clusters/table.tsx";
import { useStillOrder } from "./clusters/still.ts";
import { FirstDay } from "./discover.tsx";
import { fleetText } from "../words/fleet.ts";

/** The dashboard: is everything fine, and where is it not. Everything that can be chosen here is in the address. */
export function Clusters(): JSX.Element {
  useHeading({ title: fleetText.clusters });
  const { path, query } = route.value;
  const filter = query.get("q") ?? (path === "clusters-analysis" ? "finding:any" : "");
  const by = (query.get("sort") ?? "worst") as Order;
  const order: Order = Object.hasOwn(orders, by) ? by : "worst";
  const table = query.get("view") === "table";
  const all = fleet.value?.clusters;
  const rows = useMemo(() => {
    const terms = parse(filter);
    return (all ?? []).filter((row) => fits(row, terms));
  }, [all, filter]);
  const { groups, hold, ...still } = useStillOrder(rows, order);

  if (!all) return <Skeleton rows={8} />;
  if (all.length === 0) return <FirstDay />;
  return (
    <>
      <Facts filter={filter} />
      <Filters filter={filter} order={order} table={table} shown={rows.length} of={all.length} />
      {!table && <Changes of={still} />}
      {rows.length === 0 ? (
        <Empty title={fleetText.noClusterFitsTheFilter}>
          <p>
            <button type="button" class="link" onClick={() => amend({ q: undefined })}>
              {fleetText.showAll} {count(all.length)}
            </button>
          </p>
        </Empty>
      ) : table ? (
        <Table rows={rows} />
      ) : (
        <div {...hold}>
          {(Object.keys(groupNames) as GroupName[]).map((name) => {
            const list = groups[name];
            if (list.length === 0) return null;
            return (
              <section key={name} class="group" aria-label={groupNames[name]}>
                <h2>
                  {groupNames[name]} <span class="muted">{count(list.length)}</span>
                </h2>
                {name === "run" ? list.map((row) => <Incident key={row.name} row={row} />) : name === "ok" ? <Healthy rows={list} /> : <Rows rows={list} />}
              </section>
            );
          })}
        </div>
      )}
    </>
  );
}
