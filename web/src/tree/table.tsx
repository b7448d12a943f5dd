import type { JSX } from "preact";
import { hueOf } from "../model/sites.ts";
import { useRef, useState } from "preact/hooks";
import { byName } from "../layout/forest.ts";
import type { Server } from "../api/types.ts";
import { cluster, serverCell } from "../model/cluster.ts";
import { Icon, Mark, Site } from "../ui/marks.tsx";
import { span, statusWord } from "../words/en.ts";
import { versionOf } from "./flags.tsx";
import { name } from "./names.ts";
import { select, selectAll, selection } from "./selection.ts";
import { treeText } from "../words/tree.ts";

type Column = { name: string; of: (server: Server) => string | number; show?: (server: Server) => JSX.Element | string };

const severity: Record<Server["status"], number> = { crit: 0, run: 1, warn: 2, stale: 3, pause: 4, ok: 5 };

const columns: Column[] = [
  { name: "Status", of: (s) => severity[s.status], show: (s) => <Mark status={s.status} /> },
  { name: "Server", of: (s) => s.key, show: (s) => <b>{name(s.key)}</b> },
  { name: "Role", of: (s) => s.role },
  { name: "Source", of: (s) => s.source ?? "", show: (s) => name(s.source) },
  { name: "Lag", of: (s) => s.lag_s ?? -1, show: (s) => (s.source ? span(s.lag_s) : "") },
  { name: "Version", of: (s) => s.version, show: versionOf },
  { name: "Site", of: (s) => s.site ?? "", show: (s) => (s.site ? <Site name={s.site} hue={hueOf.value(s.site)} /> : "") },
  { name: "Rule", of: (s) => s.promotion_rule },
  { name: "Tags", of: (s) => s.tags.join(", ") },
  { name: treeText.inWords, of: (s) => s.sentence || statusWord[s.status] },
];

const rowHeight = 36;
const more = 12; // rows above and below what is seen

/** All servers of the cluster in one table; what is selected can be changed together. */
export function Table(): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [sort, setSort] = useState({ column: 0, up: true });
  const [scrolled, setScrolled] = useState({ top: 0, height: 800 });
  const members = cluster.value?.members ?? [];
  const of = columns[sort.column]!.of;
  const sorted = [...members].sort((a, b) => {
    const [p, q] = [of(a), of(b)];
    const by = typeof p === "number" && typeof q === "number" ? p - q : byName(String(p), String(q));
    return (sort.up ? by : -by) || byName(a.key, b.key);
  });
  const from = Math.max(0, Math.floor(scrolled.top / rowHeight) - more);
  const to = Math.min(sorted.length, Math.ceil((scrolled.top + scrolled.height) / rowHeight) + more);
  const chosen = selection.value;
  return (
    <div class="tview" ref={box} onScroll={() => setScrolled({ top: box.current!.scrollTop, height: box.current!.clientHeight })}>
      <table class="servers" aria-label={treeText.serversOf(cluster.value?.alias ?? "")} aria-rowcount={sorted.length + 1}>
        <thead>
          <tr>
            <th>
              <Tick label={treeText.selectAll} on={chosen.length > 0 && chosen.length === members.length} flip={(on) => selectAll(on ? members.map((server) => server.key) : [])} />
            </th>
            {columns.map((column, n) => (
              <th key={column.name} aria-sort={sort.column === n ? (sort.up ? "ascending" : "descending") : "none"}>
                <button type="button" onClick={() => setSort({ column: n, up: sort.column === n ? !sort.up : true })}>
                  {column.name}
                  {sort.column === n && <Icon name="chev" class={sort.up ? "up" : "down"} />}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr aria-hidden="true" style={{ height: `${from * rowHeight}px` }} />
          {sorted.slice(from, to).map((server, n) => (
            <Row key={server.key} of={server.key} n={from + n} chosen={chosen.includes(server.key)} />
          ))}
          <tr aria-hidden="true" style={{ height: `${(sorted.length - to) * rowHeight}px` }} />
        </tbody>
      </table>
    </div>
  );
}

function Row({ of, n, chosen }: { of: string; n: number; chosen: boolean }): JSX.Element | null {
  const server = serverCell(of)?.value;
  if (!server) return null;
  return (
    <tr class={chosen ? "sel" : ""} aria-rowindex={n + 2} onClick={(event) => !(event.target as Element).closest("label") && select(of, event.shiftKey || event.ctrlKey || event.metaKey)}>
      <td>
        <Tick label={treeText.select(name(of))} on={chosen} flip={() => select(of, true)} />
      </td>
      {columns.map((column) => (
        <td key={column.name}>{column.show ? column.show(server) : String(column.of(server))}</td>
      ))}
    </tr>
  );
}

/** A box to tick, with room around it. */
const Tick = ({ label, on, flip }: { label: string; on: boolean; flip: (on: boolean) => void }): JSX.Element => (
  <label class="tick">
    <input type="checkbox" aria-label={label} checked={on} onChange={(event) => flip(event.currentTarget.checked)} />
  </label>
);
