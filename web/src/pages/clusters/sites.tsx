import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { fleet } from "../../model/fleet.ts";
import { chipsOf, has, siteTerm, toggled } from "../../model/filter.ts";
import { amend } from "../../model/route.ts";
import { useDismiss } from "../../ui/dismiss.ts";
import { plural } from "../../words/en.ts";
import { fleetText } from "../../words/fleet.ts";

const narrow = matchMedia("(max-width: 760px)");

/** How many chips there are room for. */
const most = 8;

/** The sites as chips; where there are many, the others are in a list with a filter of its own. */
export function Sites({ filter }: { filter: string }): JSX.Element | null {
  const all = fleet.value?.sites ?? [];
  const { chips, more } = chipsOf(all, (site) => has(filter, siteTerm(site)), narrow.matches ? 0 : most);
  if (all.length < 2) return null;
  return (
    <div class="chips sites" role="group" aria-label={fleetText.sites}>
      {chips.map((site) => (
        <button key={site} type="button" class="chip" aria-pressed={has(filter, siteTerm(site))} onClick={() => amend({ q: toggled(filter, siteTerm(site)) })}>
          {site}
        </button>
      ))}
      {more.length > 0 && <More filter={filter} sites={more} called={more.length === all.length ? plural(more.length, "site") : fleetText.moreSites(more.length)} />}
    </div>
  );
}

function More({ filter, sites, called }: { filter: string; sites: readonly string[]; called: string }): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [open, show] = useState(false);
  const [typed, type] = useState("");
  useDismiss(box, open, () => show(false));
  const wanted = typed.trim().toLowerCase();
  const fit = sites.filter((site) => site.toLowerCase().includes(wanted));
  return (
    <div class="view-menu" ref={box}>
      <button type="button" class="chip" aria-expanded={open} onClick={() => show(!open)}>
        {called}
      </button>
      {open && (
        <div class="menu sites-menu" role="group" aria-label={called}>
          <input type="text" class="field-in" autofocus aria-label={fleetText.filterSites} placeholder={fleetText.filterSites} value={typed} spellcheck={false} onInput={(event) => type(event.currentTarget.value)} />
          {fit.map((site) => (
            <label key={site} class="toggle">
              <input type="checkbox" checked={has(filter, siteTerm(site))} onChange={() => amend({ q: toggled(filter, siteTerm(site)) })} />
              <span>{site}</span>
            </label>
          ))}
          {fit.length === 0 && <p class="small">{fleetText.noSiteFits}</p>}
        </div>
      )}
    </div>
  );
}
