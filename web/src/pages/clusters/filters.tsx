import type { JSX } from "preact";
import { type Order, orders } from "../../model/order.ts";
import { prefer, preferences } from "../../model/preferences.ts";
import { amend, route } from "../../model/route.ts";
import { Button } from "../../ui/button.tsx";
import { Icon } from "../../ui/marks.tsx";
import { url } from "../../url.ts";
import { count } from "../../words/en.ts";
import { fleetText } from "../../words/fleet.ts";
import { Sites } from "./sites.tsx";

const views = ["list", "table"] as const;

export function Filters({ filter, order, table, shown, of }: { filter: string; order: Order; table: boolean; shown: number; of: number }): JSX.Element {
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
      <Sites filter={filter} />
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
