import type { JSX } from "preact";
import { me } from "../model/me.ts";
import { prefer, preferences } from "../model/preferences.ts";
import { Icon } from "../ui/marks.tsx";
import { url } from "../url.ts";
import { openKeys } from "./keys.tsx";
import { frameText } from "../words/frame.ts";

const initials = (name: string): string => (name.match(/[\p{L}\p{N}]+/gu) ?? ["?"]).slice(0, 2).map((word) => [...word][0]).join("").toUpperCase();

/** Who looks, and what they like. */
export function UserMenu(): JSX.Element {
  const is = me.value;
  const name = is?.name || frameText.nobodySigned;
  const compact = preferences.value.density === "compact";
  const close = (): void => document.getElementById("user-menu")?.hidePopover();
  return (
    <>
      <button type="button" class="user" popovertarget="user-menu" aria-label={frameText.userMenu(name, is?.role)}>
        {is?.name ? initials(is.name) : <Icon name="more" />}
      </button>
      <div id="user-menu" popover="auto" class="menu">
        <p>
          <b>{name}</b>
          <span class="small">{is ? (is.may_operate ? is.role : `${is.role}: ${is.why ?? "may look"}`) : ""}</span>
        </p>
        <a href={url("me")} onClick={close}>
          {frameText.preferences}
        </a>
        <button type="button" onClick={() => (prefer({ density: compact ? undefined : "compact" }), close())}>
          {compact ? frameText.cosyRows : frameText.compactRows}
        </button>
        <button type="button" onClick={() => (close(), openKeys())}>
          Keyboard <kbd>?</kbd>
        </button>
        <a href={url("discover")} onClick={close}>
          {frameText.discoverServers}
        </a>
        <a href={url("about")} onClick={close}>
          {frameText.about}
        </a>
      </div>
    </>
  );
}
