import type { JSX } from "preact";
import { me } from "../model/me.ts";
import { prefer, preferences } from "../model/preferences.ts";
import { Icon } from "../ui/marks.tsx";
import { url } from "../url.ts";
import { openKeys } from "./keys.tsx";

const initials = (name: string): string => (name.match(/[\p{L}\p{N}]+/gu) ?? ["?"]).slice(0, 2).map((word) => [...word][0]).join("").toUpperCase();

/** Who looks, and what they like. */
export function UserMenu(): JSX.Element {
  const is = me.value;
  const name = is?.name || "Nobody signed in";
  const compact = preferences.value.density === "compact";
  const close = (): void => document.getElementById("user-menu")?.hidePopover();
  return (
    <>
      <button type="button" class="user" popovertarget="user-menu" aria-label={`${name}, ${is?.role ?? "role unknown"}: menu`}>
        {is?.name ? initials(is.name) : <Icon name="more" />}
      </button>
      <div id="user-menu" popover="auto" class="menu">
        <p>
          <b>{name}</b>
          <span class="small">{is ? (is.may_operate ? is.role : `${is.role}: ${is.why ?? "may look"}`) : ""}</span>
        </p>
        <a href={url("me")} onClick={close}>
          Preferences
        </a>
        <button type="button" onClick={() => (prefer({ density: compact ? undefined : "compact" }), close())}>
          {compact ? "Cosy rows" : "Compact rows"}
        </button>
        <button type="button" onClick={() => (close(), openKeys())}>
          Keyboard <kbd>?</kbd>
        </button>
        <a href={url("discover")} onClick={close}>
          Discover servers
        </a>
        <a href={url("about")} onClick={close}>
          About
        </a>
      </div>
    </>
  );
}
