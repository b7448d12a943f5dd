import type { JSX } from "preact";
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { amend, route } from "../model/route.ts";
import { prefer, preferences } from "../model/preferences.ts";
import { naming } from "../model/naming.ts";
import { colourBySite, compact, flipAliases, flipAnonymous, flipCompact, flipFine, flipPools, flipSite, hideFine, showPools } from "../tree/options.ts";
import { fitAll, zoomBy } from "../tree/plane.ts";
import { useDismiss } from "../ui/dismiss.ts";
import { Icon } from "../ui/marks.tsx";
import { barText } from "../words/cluster.ts";

export type View = "tree" | "outline" | "table";

const views: [View, icon: string][] = [["tree", "tree"], ["outline", "list"], ["table", "table"]];

/** Which form the topology has: as the address says, else the outline on narrow screens. */
export function viewOf(): View {
  const asked = route.value.query.get("view");
  if (asked === "tree" || asked === "outline" || asked === "table") return asked;
  return innerWidth < 760 ? "outline" : "tree";
}

export function ClusterBar({ view }: { view: View }): JSX.Element {
  const menu = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  useDismiss(box, menu.value, () => (menu.value = false));
  return (
    <div class="cbar">
      <div class="seg" role="group" aria-label={barText.view}>
        {views.map(([name, icon]) => (
          <button key={name} type="button" aria-pressed={view === name} onClick={() => amend({ view: name, tab: undefined })}>
            <Icon name={icon} />
            <span>{barText.views[name]}</span>
          </button>
        ))}
      </div>
      <div class="view-menu" ref={box}>
        <button type="button" class="btn icon ghost" aria-label={barText.options} aria-expanded={menu.value} onClick={() => (menu.value = !menu.value)}>
          <Icon name="config" />
        </button>
        {menu.value && <Options />}
      </div>
      <span class="grow" />
      {view === "tree" && (
        <>
          <span class="legend" aria-hidden="true">
            <i class="l-solid" />
            {barText.replicating}
            <i class="l-dash" />
            {barText.otherSite}
            <i class="l-stop" />
            {barText.stopped}
          </span>
          <div class="seg" role="group" aria-label={barText.zoom}>
            <button type="button" aria-label={barText.zoomOut} onClick={() => zoomBy(1 / 1.2)}>
              <Icon name="minus" />
            </button>
            <button type="button" aria-label={barText.fit} onClick={fitAll}>
              <Icon name="fit" />
            </button>
            <button type="button" aria-label={barText.zoomIn} onClick={() => zoomBy(1.2)}>
              <Icon name="plus" />
            </button>
          </div>
        </>
      )}
    </div>
  );
}

const Options = (): JSX.Element => (
  <div class="menu" role="group" aria-label={barText.options}>
    <Toggle words={barText.bySite} on={colourBySite.value} flip={flipSite} />
    <Toggle words={barText.hideFine} on={hideFine.value} flip={flipFine} />
    <Toggle words={barText.pools} on={showPools.value} flip={flipPools} />
    <Toggle words={barText.compact} on={compact.value} flip={flipCompact} />
    <Toggle words={barText.hidePanel} on={preferences.value.panel === "hidden"} flip={() => prefer({ panel: preferences.value.panel ? undefined : "hidden" })} />
    <Toggle words={barText.aliases} on={naming.value === "aliases"} flip={flipAliases} />
    <Toggle words={barText.anonymous} on={naming.value === "anonymous"} flip={flipAnonymous} />
  </div>
);

const Toggle = ({ words, on, flip }: { words: string; on: boolean; flip: () => void }): JSX.Element => (
  <label class="toggle">
    <input type="checkbox" checked={on} onChange={flip} />
    <span>{words}</span>
  </label>
);
