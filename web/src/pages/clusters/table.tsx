import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { ClusterRow } from "../../api/types.ts";
import { rank } from "../../model/order.ts";
import { prefer, preferences } from "../../model/preferences.ts";
import { amend, route } from "../../model/route.ts";
import { Button } from "../../ui/button.tsx";
import { copyText } from "../../ui/copy.ts";
import { Mark } from "../../ui/marks.tsx";
import { asShown, type Column as Columns, inOrder, Sorted } from "../../ui/table.tsx";
import { count, duration, span, statusWord, text } from "../../words/en.ts";
import { addressOf } from "./rows.tsx";
import { Changes } from "./changes.tsx";
import { useStillRows } from "./still.ts";
import { fleetText } from "../../words/fleet.ts";

type Column = Columns<ClusterRow>;

const columns: Column[] = [
  { id: "status", name: "Status", value: (row) => statusWord[row.status], rank: (row) => rank[row.status], show: (row) => <><Mark status={row.status} label={false} /> {statusWord[row.status]}</> },
  { id: "alias", name: "Cluster", value: (row) => row.alias, show: (row) => <a data-row href={addressOf(row)}><b>{row.alias}</b></a> },
  { id: "name", name: "Name", value: (row) => row.name, show: (row) => <code>{row.name}</code> },
  { id: "sentence", name: fleetText.inWords, value: (row) => row.sentence },
  { id: "servers", name: "Servers", number: true, value: (row) => row.servers },
  { id: "affected", name: "Affected", number: true, value: (row) => row.affected },
  { id: "lag", name: fleetText.mostLag, number: true, value: (row) => row.max_lag_s, show: (row) => span(row.max_lag_s) },
  { id: "successor", name: fleetText.wouldTakeOver, value: (row) => (row.forecast === null ? null : row.forecast.would ? (row.forecast.successor ?? "") : "nobody"), show: (row) => (row.forecast === null ? text.unknown : row.forecast.would ? row.forecast.successor : "nobody") },
  { id: "pause", name: fleetText.noWrites, number: true, value: (row) => (row.forecast?.would ? row.forecast.pause_ms : null), show: (row) => (row.forecast?.would ? duration(row.forecast.pause_ms) : text.unknown) },
  { id: "risk", name: fleetText.atRisk, number: true, value: (row) => row.forecast?.risk ?? null, show: (row) => (row.forecast?.would && row.forecast.risk !== null ? count(row.forecast.risk) : text.unknown) },
  { id: "lost", name: fleetText.lostColumn, number: true, value: (row) => (row.lost && row.lost.unknown === 0 ? row.lost.transactions : null), show: (row) => (row.lost && row.lost.unknown === 0 ? count(row.lost.transactions) : text.unknown) },
  { id: "auto", name: "Automatic", value: (row) => (row.auto_recovery.primary && row.auto_recovery.intermediate ? "on" : row.auto_recovery.primary ? "primary" : row.auto_recovery.intermediate ? "intermediate" : "off") },
  { id: "sites", name: "Sites", value: (row) => row.sites.join(" ") },
  { id: "versions", name: "Versions", value: (row) => row.versions.join(" ") },
  { id: "tags", name: "Tags", value: (row) => row.tags.join(" ") },
];

const usual = ["status", "alias", "sentence", "servers", "affected", "lag", "successor", "pause", "risk", "sites"];

const nameOf = (row: ClusterRow): string => row.name;

/** All clusters as a table, for those who compare. */
export function Table({ rows }: { rows: ClusterRow[] }): JSX.Element {
  const chosen = (route.value.query.get("cols")?.split(",") ?? preferences.value.columns ?? usual).filter((id) => columns.some((column) => column.id === id));
  const shown = columns.filter((column) => chosen.includes(column.id));
  const order = route.value.query.get("by") ?? "";
  const [by = "", way] = (order || "status").split("-");
  const down = way === "down";
  const sorted = useMemo(() => inOrder(rows, columns.find((column) => column.id === by), down, nameOf), [rows, by, down]);
  const still = useStillRows(sorted, order);
  const choose = (id: string): void => {
    const next = chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id];
    prefer({ columns: next });
    amend({ cols: next.join(",") });
  };
  return (
    <section class="group">
      <div class="table-bar">
        <Changes of={still} />
        <span class="grow" />
        <details class="choose">
          <summary class="btn ghost">{fleetText.columns}</summary>
          <div class="menu">
            {columns.map((column) => (
              <label key={column.id}>
                <input type="checkbox" checked={chosen.includes(column.id)} onChange={() => choose(column.id)} /> {column.name}
              </label>
            ))}
          </div>
        </details>
        <Button kind="ghost" icon="table" onClick={() => void copyText(asShown(shown, still.rows))}>
          {fleetText.copyAsCsv}
        </Button>
      </div>
      <div {...still.hold}>
        <Sorted
          columns={shown} rows={still.rows} name={nameOf} by={by} down={down} label={fleetText.clusters}
          onSort={(id, down) => amend({ by: down ? `${id}-down` : id })}
        />
      </div>
    </section>
  );
}
