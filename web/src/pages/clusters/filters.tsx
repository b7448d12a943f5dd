import type { JSX } from "preact";
import { fleet } from "../../model/fleet.ts";
import { has, toggled } from "../../model/filter.ts";
import { type Order, orders } from "../../model/order.ts";
import { prefer, preferences } from "../../model/preferences.ts";
import { amend, route } from "../../model/route.ts";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/marks.tsx";
import { url } from "../../url.ts";
import { count } from "../../words/en.ts";
import { fleetText } from "../../words/fleet.ts";

const views = ["list", "table"] as const;

/** A term for a site; a name with a space stands in quotes. */
const siteTerm = (site: string): string => (/\s/.test(site) ? `dc:"${site}"` : `dc:${site}`);

export function Filters({ filter, order, table, shown, of }: { filter: string; order: Order; table: boolean; shown: number; of: number }): JSX.Element {
  const sites = fleet.value?.sites ?? [];
  return (
    <div class="filters">
      <div class="search-in">
        <Icon name="search" />
        <input
          type="text" data-filter value={filter} placeholder={fleetText.filterHint} aria-label={fleetText.filterClusters} spellcheck={false}
          title={fleetText.filterHelp} onInput={(event) => amend({ q: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === "Escape") filter === "" ? event.currentTarget.blur() : amend({ q: undefined });
            else if (event.key === "ArrowDown" || event.key === "Enter") document.querySelector<HTMLElement>("[data-row]")?.focus();
            else return;
            event.preventDefault();
          }}
        />
        <kbd>/</kbd>
      </div>
      {sites.length > 1 && sites.length <= 8 && (
        <div class="chips" role="group" aria-label={fleetText.sites}>
          {sites.map((site) => (
            <button key={site} type="button" class="chip" aria-pressed={has(filter, siteTerm(site))} onClick={() => amend({ q: toggled(filter, siteTerm(site)) })}>
              {site}
            </button>
          ))}
        </div>
      )}
      {shown < of && (
        <span class="muted" role="status">
          {count(shown)} of {count(of)}
        </span>
      )}
      <Saved filter={filter} />
      <span class="grow" />
      {!table && (
        <label class="pick">
          <span class="vh">{fleetText.sortBy}</span>
          <select value={order} onChange={(event) => amend({ sort: event.currentTarget.value === "worst" ? undefined : event.currentTarget.value })}>
            {Object.entries(orders).map(([value, name]) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <a class="btn ghost" href={url("discover")}>
        <Icon name="plus" />
        <span>{fleetText.discoverServers}</span>
      </a>
      <div class="seg" role="group" aria-label={fleetText.view}>
        {views.map((view) => (
          <button key={view} type="button" aria-pressed={table === (view === "table")} aria-label={view === "list" ? "List" : "Table"} onClick={() => amend({ view: view === "table" ? view : undefined })}>
            <Icon name={view} />
          </button>
        ))}
      </div>
    </div>
  );
}

/** Filters that were given a name, and a way to give this one a name. The whole view is kept: filter, order, columns. */
function Saved({ filter }: { filter: string }): JSX.Element {
  const saved = preferences.value.filters ?? [];
  const query = route.value.query.toString();
  const known = saved.find((one) => one.query === query);
  return (
    <div class="chips" role="group" aria-label={fleetText.savedFilters}>
      {saved.map((one) => (
        <a key={one.name} class="chip" href={url("clusters") + (one.query === "" ? "" : "?" + one.query)} aria-current={one === known ? "true" : undefined}>
          {one.name}
        </a>
      ))}
      {filter !== "" && !known && (
        <Button kind="ghost" icon="star" onClick={() => prefer({ filters: [...saved, { name: filter, query }] })}>
          {fleetText.keep}
        </Button>
      )}
      {known && (
        <Button kind="icon ghost" icon="x" label={fleetText.forgetTheFilter(known.name)} onClick={() => prefer({ filters: saved.filter((one) => one !== known) })} />
      )}
    </div>
  );
}
