import type { ComponentChildren, JSX } from "preact";
import { connection } from "../api/events.ts";
import { fleet } from "../model/fleet.ts";
import { me } from "../model/me.ts";
import { route } from "../model/route.ts";
import { choose, theme } from "../model/theme.ts";
import { Icon, Mark } from "../ui/marks.tsx";
import { url } from "../url.ts";
import { type Status } from "../words/en.ts";
import { Banners } from "./banners.tsx";
import { LiveMark } from "./livemark.tsx";
import { entries, type Entry } from "./menu.ts";

/** The frame around every screen. */
export const Frame = ({ children }: { children: ComponentChildren }): JSX.Element => (
  <>
    <Side />
    <Top />
    <main id="main" tabIndex={-1}>
      <Banners />
      {children}
    </main>
  </>
);

const Side = (): JSX.Element => (
  <nav class="side" aria-label="Main">
    <a class="brand" href={url("clusters")} aria-label="orchestrator, start">
      <Icon name="logo" class="logo" />
      <span>orchestrator</span>
    </a>
    <ul class="nav">
      {entries.map((entry, n) => (entry ? <MenuEntry key={entry.path} entry={entry} /> : <li key={n} class="gap" role="separator" />))}
    </ul>
    <div class="side-foot">
      <LiveMark />
    </div>
  </nav>
);

function MenuEntry({ entry }: { entry: Entry }): JSX.Element {
  const here = route.value.path.split("/")[0] ?? "";
  const badge = entry.badge?.();
  return (
    <li>
      <a href={url(entry.path)} aria-current={entry.covers.includes(here) ? "page" : undefined}>
        <Icon name={entry.icon} />
        <span class="nl">{entry.name}</span>
        {badge && <Badge {...badge} />}
      </a>
    </li>
  );
}

const Badge = ({ count, status }: { count: number; status?: Status }): JSX.Element => (
  <span class={status ? `count c-${status}` : "count"}>
    {status && <Mark status={status} />}
    {count}
  </span>
);

function Top(): JSX.Element {
  const dark = theme.value === "dark";
  const name = me.value?.name || "anonymous";
  return (
    <header class="top">
      <Crumbs />
      <div class="tools grow">
        <span class="grow" />
        <AutoRecovery />
        <button type="button" class="btn icon" aria-label={dark ? "Light theme" : "Dark theme"} onClick={() => choose(dark ? "light" : "dark")}>
          <Icon name="moon" />
        </button>
        <span class="user" title={`${name} · ${me.value?.role ?? "unknown role"}`}>
          {name.slice(0, 2).toUpperCase()}
        </span>
      </div>
    </header>
  );
}

function Crumbs(): JSX.Element {
  const first = route.value.path.split("/")[0] ?? "";
  const entry = entries.find((entry) => entry?.covers.includes(first));
  return (
    <div class="crumbs">
      <h1>{entry?.name ?? "orchestrator"}</h1>
    </div>
  );
}

/** Whether anything is repaired automatically, in two words. */
function AutoRecovery(): JSX.Element {
  const on = fleet.value?.auto_recovery;
  return (
    <span class="switch">
      <Icon name="shield" />
      <span>Auto-recovery</span>
      <b class={on ? "t-ok" : "t-warn"}>{on === undefined ? "unknown" : !connection.value.open ? "unknown" : on ? "on" : "off"}</b>
    </span>
  );
}
