import type { ComponentChildren, JSX } from "preact";
import { fleet } from "../../model/fleet.ts";
import { has, toggled } from "../../model/filter.ts";
import { nodes } from "../../model/nodes.ts";
import { amend } from "../../model/route.ts";
import { Mark } from "../../ui/marks.tsx";
import { count, duration, plural, type Status } from "../../words/en.ts";

/** The fleet in one line. Each fact is a filter. */
export function Facts({ filter }: { filter: string }): JSX.Element {
  const is = fleet.value!;
  const helpless = nodes.value?.leader === "";
  const running = is.clusters.filter((row) => row.status === "run");
  const unknownForecasts = is.clusters.filter((row) => row.forecast === null).length;
  const pauses = is.clusters.flatMap((row) => (row.forecast?.would ? [row.forecast.pause_ms] : [])).sort((a, b) => a - b);
  const risky = is.clusters.filter((row) => row.forecast?.would && row.forecast.risk !== null && row.forecast.risk > 0).length;
  const unknownRisk = is.clusters.filter((row) => row.forecast?.would && row.forecast.risk === null).length;
  const ready: Status = helpless || is.would_not > 0 ? (is.ready === 0 ? "crit" : "warn") : is.ready === 0 ? "stale" : "ok";
  return (
    <section class="facts" aria-label="Fleet in one line">
      <Fact filter={filter} word="status:run" status={running.length > 0 ? "run" : "ok"} n={count(is.recovering)} name="recovering">
        {helpless ? "nobody may decide" : running.length > 0 ? running.map((row) => row.alias).join(", ") : "nothing is being repaired"}
      </Fact>
      <Fact filter={filter} word="-status:ok" status={is.clusters.some((row) => row.status === "crit") ? "crit" : is.need_a_look > 0 || is.would_not > 0 ? "warn" : "ok"} n={count(is.need_a_look)} name="need a look">
        {is.would_not > 0 ? `${count(is.would_not)} would not fail over` : unknownForecasts > 0 ? `${count(unknownForecasts)} not worked out yet` : "all would fail over"}
      </Fact>
      <Fact filter={filter} word="auto:off" status={ready} n={helpless ? `0 of ${count(is.clusters.length)}` : `${count(is.ready)} of ${count(is.clusters.length)}`} name="ready to fail over">
        {helpless ? "nobody leads" : pauses.length > 0 ? `median ${duration(pauses[pauses.length >> 1])} of no writes` : is.would_not > 0 ? "each says why not" : "not worked out yet"}
      </Fact>
      <Fact filter={filter} word="finding:any" status={is.not_fine > 0 ? "warn" : "ok"} n={count(is.servers)} name="servers">
        {[is.not_fine > 0 ? `${count(is.not_fine)} not fine` : "all fine", is.sites.length > 0 ? plural(is.sites.length, "site") : ""].filter(Boolean).join(" · ")}
      </Fact>
      <Fact filter={filter} word="risk>0" status={risky > 0 ? "warn" : "info"} n={count(risky)} name="with data at risk">
        {unknownRisk > 0 ? `${count(unknownRisk)} more unknown` : "if their primaries died now"}
      </Fact>
    </section>
  );
}

function Fact({ filter, word, status, n, name, children }: { filter: string; word: string; status: Status; n: string; name: string; children: ComponentChildren }): JSX.Element {
  return (
    <button type="button" class="fact" aria-pressed={has(filter, word)} onClick={() => amend({ q: toggled(filter, word) })}>
      <span class="fn">
        <Mark status={status} label={false} />
        <b>{n}</b>
        <span>{name}</span>
      </span>
      <span class="fs">{children}</span>
    </button>
  );
}
