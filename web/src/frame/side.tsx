import type { JSX } from "preact";
import { fleet, rowOf } from "../model/fleet.ts";
import { nodes } from "../model/nodes.ts";
import { preferences } from "../model/preferences.ts";
import { recent } from "../model/recent.ts";
import { route } from "../model/route.ts";
import { Icon, Mark } from "../ui/marks.tsx";
import { part, url } from "../url.ts";
import { count } from "../words/en.ts";
import { LiveMark } from "./livemark.tsx";
import { type BadgeIs, entries, type Entry } from "./menu.ts";
import { frameText } from "../words/frame.ts";

export const Side = (): JSX.Element => (
  <nav class="side" aria-label={frameText.main}>
    <a class="brand" href={url("clusters")} aria-label={frameText.orchestratorStart}>
      <Icon name="logo" class="logo" />
      <span>orchestrator</span>
    </a>
    <ul class="nav">
      {entries.map((entry, n) => (entry ? <MenuEntry key={entry.path} entry={entry} /> : <li key={n} class="gap" role="separator" />))}
    </ul>
    <Pins />
    <div class="side-foot">
      <Leader />
      <LiveMark />
    </div>
  </nav>
);

export const isHere = (entry: Entry): boolean => entry.covers.includes(route.value.path.split("/")[0] ?? "");

function MenuEntry({ entry }: { entry: Entry }): JSX.Element {
  const badge = entry.badge?.();
  return (
    <li>
      <a href={url(entry.path)} aria-current={isHere(entry) ? "page" : undefined} title={entry.key ? `${entry.name} (g ${entry.key})` : entry.name}>
        <Icon name={entry.icon} />
        <span class="nl">{entry.name}</span>
        {badge && <Badge {...badge} />}
      </a>
    </li>
  );
}

const Badge = ({ count: n, status, meaning }: BadgeIs): JSX.Element => (
  <span class={status ? `count c-${status}` : "count"}>
    {status && <Mark status={status} label={false} />}
    {count(n)}
    <span class="vh"> {meaning}</span>
  </span>
);

/** The clusters that somebody keeps at hand; else those that were opened last. */
function Pins(): JSX.Element | null {
  const pins = preferences.value.pins ?? [];
  const shown = (pins.length > 0 ? pins : recent.value.slice(0, 3)).map(rowOf).filter((row) => row !== undefined);
  if (!fleet.value || shown.length === 0) return null;
  return (
    <div class="pins">
      <h2>{pins.length > 0 ? "Pinned" : frameText.openedLast}</h2>
      {shown.map((row) => (
        <a key={row.name} href={url(`cluster/alias/${part(row.alias)}`)} title={row.sentence}>
          <Mark status={row.status} />
          <span class="nl">{row.alias}</span>
        </a>
      ))}
    </div>
  );
}

/** Who leads. */
function Leader(): JSX.Element {
  const is = nodes.value;
  return (
    <a class="raft" href={url("nodes")} title={is?.sentence}>
      <Icon name="nodes" />
      {!is || is.leader !== "" ? (
        <span class="nl">
          <b>{is?.leader ?? "…"}</b> leads
        </span>
      ) : (
        <span class="nl t-crit">
          <b>{frameText.noLeader}</b>
        </span>
      )}
      {is && <span class={is.leader === "" ? "ratio t-crit" : "ratio"}>{is.votes ? `${is.votes.here}/${is.votes.all}` : count(is.nodes.length)}</span>}
    </a>
  );
}
