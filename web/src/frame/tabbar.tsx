import type { JSX } from "preact";
import { openPalette } from "../palette/state.ts";
import { Icon } from "../ui/marks.tsx";
import { url } from "../url.ts";
import { entries } from "./menu.ts";
import { isHere } from "./side.tsx";
import { frameText } from "../words/frame.ts";

/** The menu of small screens. */
export const TabBar = (): JSX.Element => (
  <nav class="tabbar" aria-label={frameText.mainSmallScreen}>
    {entries.map((entry) => {
      if (!entry?.phone) return null;
      const badge = entry.path === "clusters" ? undefined : entry.badge?.();
      return (
        <a key={entry.path} href={url(entry.path)} aria-current={isHere(entry) ? "page" : undefined}>
          <Icon name={entry.icon} />
          <span>{entry.name}</span>
          {badge && (
            <i class={`badge c-${badge.status ?? "info"}`}>
              {badge.count}
              <span class="vh"> {badge.meaning}</span>
            </i>
          )}
        </a>
      );
    })}
    <button type="button" onClick={() => openPalette()}>
      <Icon name="search" />
      <span>{frameText.search}</span>
    </button>
  </nav>
);
