import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { amend, route } from "../model/route.ts";
import { naming } from "../tree/names.ts";
import { colourBySite, hideFine } from "../tree/options.ts";
import { fitAll, zoomBy } from "../tree/plane.ts";
import { Icon } from "../ui/marks.tsx";

export type View = "tree" | "outline" | "table";

const views: [View, string, string][] = [["tree", "Tree", "tree"], ["outline", "Outline", "list"], ["table", "Table", "table"]];

/** Which form the topology has: as the address says, else the outline on narrow screens. */
export function viewOf(): View {
  const asked = route.value.query.get("view");
  if (asked === "tree" || asked === "outline" || asked === "table") return asked;
  return innerWidth < 760 ? "outline" : "tree";
}

export function ClusterBar({ view }: { view: View }): JSX.Element {
  const menu = useSignal(false);
  return (
    <div class="cbar">
      <div class="seg" role="group" aria-label="View">
        {views.map(([name, words, icon]) => (
          <button key={name} type="button" aria-pressed={view === name} onClick={() => amend({ view: name, tab: undefined })}>
            <Icon name={icon} />
            <span>{words}</span>
          </button>
        ))}
      </div>
      <div class="view-menu">
        <button type="button" class="btn icon ghost" aria-label="What is shown" aria-expanded={menu.value} onClick={() => (menu.value = !menu.value)}>
          <Icon name="config" />
        </button>
        {menu.value && <Options onClose={() => (menu.value = false)} />}
      </div>
      <span class="grow" />
      {view === "tree" && (
        <>
          <span class="legend" aria-hidden="true">
            <i class="l-solid" />
            replicating
            <i class="l-dash" />
            other site
            <i class="l-stop" />
            stopped
          </span>
          <div class="seg" role="group" aria-label="Zoom">
            <button type="button" aria-label="Zoom out" onClick={() => zoomBy(1 / 1.2)}>
              <Icon name="minus" />
            </button>
            <button type="button" aria-label="Fit all" onClick={fitAll}>
              <Icon name="fit" />
            </button>
            <button type="button" aria-label="Zoom in" onClick={() => zoomBy(1.2)}>
              <Icon name="plus" />
            </button>
          </div>
        </>
      )}
    </div>
  );
}

const Options = ({ onClose }: { onClose: () => void }): JSX.Element => (
  <div
    class="menu"
    role="group"
    aria-label="What is shown"
    onKeyDown={(event) => {
      if (event.key === "Escape") onClose();
    }}
  >
    <Toggle words="Colour by site" on={colourBySite.value} flip={() => (colourBySite.value = !colourBySite.value)} />
    <Toggle words="Fine replicas step back" on={hideFine.value} flip={() => (hideFine.value = !hideFine.value)} />
    <Toggle words="Aliases instead of names" on={naming.value === "aliases"} flip={() => (naming.value = naming.value === "aliases" ? "names" : "aliases")} />
    <Toggle words="Anonymous, for pictures" on={naming.value === "anonymous"} flip={() => (naming.value = naming.value === "anonymous" ? "names" : "anonymous")} />
  </div>
);

const Toggle = ({ words, on, flip }: { words: string; on: boolean; flip: () => void }): JSX.Element => (
  <label class="toggle">
    <input type="checkbox" checked={on} onChange={flip} />
    <span>{words}</span>
  </label>
);
