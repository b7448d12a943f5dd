import type { JSX } from "preact";
import type { ClusterRow } from "../api/types.ts";
import { fleet } from "../model/fleet.ts";
import { Mark } from "../ui/marks.tsx";
import { part, url } from "../url.ts";
import { count, duration, plural, span } from "../words/en.ts";

/** The dashboard: is everything fine, and where is it not. */
export function Clusters(): JSX.Element {
  const all = fleet.value?.clusters ?? [];
  const groups: [string, ClusterRow[]][] = [
    ["Recovering now", all.filter((row) => row.status === "run")],
    ["Needs a look", all.filter((row) => row.status === "crit" || row.status === "warn" || row.status === "stale")],
    ["In downtime", all.filter((row) => row.status === "pause")],
    ["Healthy", all.filter((row) => row.status === "ok")],
  ];
  return (
    <>
      {groups.map(([name, rows]) => rows.length > 0 && <Group key={name} name={name} rows={rows} />)}
    </>
  );
}

const Group = ({ name, rows }: { name: string; rows: ClusterRow[] }): JSX.Element => (
  <section class="group">
    <h2>
      {name} <span class="muted">{count(rows.length)}</span>
    </h2>
    <div class="rows">
      {rows.map((row) => (
        <Row key={row.name} row={row} />
      ))}
    </div>
  </section>
);

function Row({ row }: { row: ClusterRow }): JSX.Element {
  const forecast = row.forecast;
  return (
    <a class="row" href={url(`cluster/alias/${part(row.alias)}`)}>
      <span class="r-st">
        <Mark status={row.status} />
      </span>
      <span class="r-name">
        <b>{row.alias}</b>
        <span class="muted">{row.name}</span>
      </span>
      <span />
      <span class="r-say">{row.sentence}</span>
      <span class="r-num">
        <b>{count(row.servers)}</b>
        <span class="muted">{row.affected > 0 ? plural(row.affected, "affected") : "servers"}</span>
      </span>
      <span class="r-num">
        <b>{span(row.max_lag_s)}</b>
        <span class="muted">most lag</span>
      </span>
      <span class="r-fc">
        <b>{forecast?.would ? `→ ${forecast.successor ?? ""}` : "No failover"}</b>
        <span class="muted">{forecast?.would ? duration(forecast.pause_ms) : forecast?.sentence}</span>
      </span>
      <span class="dc">{row.sites.join(" ")}</span>
    </a>
  );
}
