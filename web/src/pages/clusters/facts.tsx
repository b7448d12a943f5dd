import type { ComponentChildren, JSX } from "preact";
import { fleet } from "../../model/fleet.ts";
import { has, toggled } from "../../model/filter.ts";
import { nodes } from "../../model/nodes.ts";
import { amend } from "../../model/route.ts";
import { Mark } from "../../ui/marks.tsx";
import { count, duration, plural, type Status, text } from "../../words/en.ts";
import { fleetText } from "../../words/fleet.ts";

/** The fleet in one line. Each fact is a filter. */
export function Facts({ filter }: { filter: string }): JSX.Element {
  const is = fleet.value!;
  const helpless = nodes.value?.leader === "";
  const running = is.clusters.filter((row) => row.status === "run");
  const unknownForecasts = is.clusters.filter((row) => row.forecast === null).length;
  const pauses = is.clusters.flatMap((row) => (row.forecast?.would ? [row.forecast.pause_ms] : [])).sort((a, b) => a - b);
  const ready: Status = helpless || is.would_not > 0 ? (is.ready === 0 ? "crit" : "warn") : is.ready === 0 ? "stale" : "ok";
  return (
    <section class="facts" aria-label={fleetText.fleetInOneLine}>
      <Fact filter={filter} word="status:run" status={running.length > 0 ? "run" : "ok"} n={count(is.recovering)} name="recovering">
        {helpless ? fleetText.noDecision : running.length > 0 ? running.map((row) => row.alias).join(", ") : fleetText.noneRepaired}
      </Fact>
      <Fact filter={filter} word="-status:ok" status={is.clusters.some((row) => row.status === "crit") ? "crit" : is.need_a_look > 0 || is.would_not > 0 ? "warn" : "ok"} n={count(is.need_a_look)} name={fleetText.needALook}>
        {is.would_not > 0 ? fleetText.wouldNotFailOver(count(is.would_not)) : unknownForecasts > 0 ? fleetText.notWorkedOut(count(unknownForecasts)) : fleetText.allWouldFailOver}
      </Fact>
      <Fact filter={filter} word="auto:off" status={ready} n={helpless ? `0 of ${count(is.clusters.length)}` : `${count(is.ready)} of ${count(is.clusters.length)}`} name={fleetText.readyToFailOver}>
        {helpless ? fleetText.nobodyLeads : pauses.length > 0 ? fleetText.medianOfNoWrites(duration(pauses[pauses.length >> 1])) : is.would_not > 0 ? fleetText.eachSaysWhy : fleetText.pending}
      </Fact>
      <Fact filter={filter} word="finding:any" status={is.not_fine > 0 ? "warn" : "ok"} n={count(is.servers)} name="servers">
        {[is.not_fine > 0 ? fleetText.notFine(count(is.not_fine)) : fleetText.allFine, is.sites.length > 0 ? plural(is.sites.length, "site") : ""].filter(Boolean).join(" · ")}
      </Fact>
      <LostFact filter={filter} />
    </section>
  );
}

/** What failovers have lost in the last 90 days. What is not known is not 0. */
function LostFact({ filter }: { filter: string }): JSX.Element {
  const is = fleet.value!.lost;
  const none = is === null || (is.unknown > 0 && is.unknown === is.failovers);
  return (
    <Fact filter={filter} word="lost>0" status={is === null ? "stale" : is.transactions > 0 ? "crit" : is.unknown > 0 ? "info" : "ok"} n={none ? text.unknown : count(is.transactions)} name={fleetText.lost(is?.transactions ?? 0)}>
      {is === null ? fleetText.lostUnread : is.failovers === 0 ? fleetText.noFailovers : none ? fleetText.lostUncounted(is.unknown) : fleetText.lostIn(is.failovers, is.unknown)}
    </Fact>
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
