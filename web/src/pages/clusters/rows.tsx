import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ClusterRow } from "../../api/types.ts";
import { me } from "../../model/me.ts";
import { preferences } from "../../model/preferences.ts";
import { hueOf } from "../../model/sites.ts";
import { Spark } from "../../spark/spark.tsx";
import { Icon, Mark, Site } from "../../ui/marks.tsx";
import { walkRows } from "../../ui/rows.ts";
import { Virtual } from "../../ui/virtual.tsx";
import { part, url } from "../../url.ts";
import { count, duration, span } from "../../words/en.ts";
import { middle, short } from "../../words/names.ts";
import { fleetText } from "../../words/fleet.ts";

export const addressOf = (row: ClusterRow): string => url(`cluster/alias/${part(row.alias)}`);

const narrow = matchMedia("(max-width: 760px)");

/** The height of a row, as the style sheet has it: many rows need one height. */
const rowHeight = (): number => (narrow.matches ? 112 : preferences.value.density === "compact" ? 40 : 50);

export const Rows = ({ rows }: { rows: ClusterRow[] }): JSX.Element => (
  <div onKeyDown={walkRows}>
    <Virtual class="rows" role="list" items={rows} height={rowHeight()} row={(row) => <Row key={row.name} row={row} />} />
  </div>
);

function Row({ row }: { row: ClusterRow }): JSX.Element {
  const lag = row.max_lag_s;
  return (
    <div role="listitem" class="row-item">
      <a class="row" data-row href={addressOf(row)} aria-label={`${row.alias}: ${row.sentence}`}>
        <span class="r-st">
          <Mark status={row.status} />
        </span>
        <span class="r-name" title={`${row.alias}\n${row.name}`}>
          <b>{middle(row.alias)}</b>
          <span class="muted">{row.alias === row.name ? (row.domain ?? "") : short(row.name, me.value?.strip)}</span>
        </span>
        <Spark row={row} />
        <span class={row.status === "ok" ? "r-say muted" : "r-say"}>
          {row.sentence}
          <PartlyOff row={row} />
        </span>
        <span class="r-num">
          <b>{count(row.servers)}</b>
          <span class="muted">{row.affected > 0 ? `${count(row.affected)} affected` : row.servers === 1 ? "server" : "servers"}</span>
        </span>
        <span class={`r-num lag ${lag !== null && lag > 10 ? "hot" : "cool"}`}>
          {lag === null && !row.tree.some((dot) => dot.parent >= 0) ? (
            <span class="muted">{fleetText.noReplicas}</span>
          ) : (
            <>
              <b>{span(lag)}</b>
              <span class="muted">{fleetText.mostLagIs}</span>
            </>
          )}
        </span>
        <Foretold row={row} />
        <span class="r-dc">
          {row.sites.slice(0, 2).map((site) => (
            <Site key={site} name={site} hue={hueOf.value(site)} />
          ))}
          {row.sites.length > 2 && <span class="muted">+{row.sites.length - 2}</span>}
        </span>
      </a>
    </div>
  );
}

/** Says where automatic recovery is off, unless the forecast beside it says the same. */
function PartlyOff({ row }: { row: ClusterRow }): JSX.Element | null {
  const { primary, intermediate } = row.auto_recovery;
  const hasIntermediate = row.tree.some((dot) => dot.parent >= 0 && row.tree[dot.parent]!.parent >= 0);
  const what = !primary && !row.forecast ? fleetText.primaryNotReplaced : !intermediate && hasIntermediate ? fleetText.intermediateNotRepaired : "";
  return what === "" ? null : <span class="t-warn"> {what}</span>;
}

/** What would happen if the primary died now. */
export function Foretold({ row }: { row: ClusterRow }): JSX.Element {
  const is = row.forecast;
  if (!is) {
    return (
      <span class="r-fc">
        <span class="muted">{fleetText.pending}</span>
      </span>
    );
  }
  if (!is.would) {
    return (
      <span class="r-fc no" title={is.sentence}>
        <b>
          <Mark status="crit" label={false} />
          {fleetText.noFailover}
        </b>
        <span class="muted">{is.sentence.replace(/^It would not fail over: /, "")}</span>
      </span>
    );
  }
  const risk = is.risk === null ? fleetText.riskUnknown : fleetText.riskOf(is.risk);
  return (
    <span class="r-fc" title={is.sentence}>
      <b>
        <Icon name="arrow" />
        {is.successor ? short(is.successor, me.value?.strip) : "repaired"}
      </b>
      <span class="muted">{[is.successor ? duration(is.pause_ms) : "", risk].filter(Boolean).join(" · ")}</span>
    </span>
  );
}

const gridFrom = 60;
const cellWidth = 250;

/** Many healthy clusters are a grid of names and trees: they are counted, not read. */
export function Healthy({ rows }: { rows: ClusterRow[] }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [columns, setColumns] = useState(1);
  const grid = rows.length > gridFrom;
  useLayoutEffect(() => {
    if (!grid || !box.current) return;
    const watch = new ResizeObserver(([entry]) => setColumns(Math.max(1, Math.floor(entry!.contentRect.width / cellWidth))));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [grid]);
  if (!grid) return <Rows rows={rows} />;
  const lines = Array.from({ length: Math.ceil(rows.length / columns) }, (_, n) => rows.slice(n * columns, (n + 1) * columns));
  return (
    <div ref={box} onKeyDown={walkRows}>
      <Virtual
        class="rows cells" role="list" items={lines} height={52}
        row={(line) => (
          <div key={line[0]!.name} class="cell-line" style={{ "grid-template-columns": `repeat(${columns}, minmax(0, 1fr))` }}>
            {line.map((row) => (
              <div key={row.name} role="listitem">
                <a class="cell" data-row href={addressOf(row)} title={row.sentence} aria-label={`${row.alias}: ${row.sentence}`}>
                  <Mark status={row.status} />
                  <b class="nl">{middle(row.alias)}</b>
                  <Spark row={row} />
                </a>
              </div>
            ))}
          </div>
        )}
      />
    </div>
  );
}
