import type { JSX } from "preact";
import { connection, tryNow } from "../api/events.ts";
import { fleet } from "../model/fleet.ts";
import { clock } from "../model/clock.ts";
import { me } from "../model/me.ts";
import { Mark } from "../ui/marks.tsx";
import { span, type Status, text } from "../words/en.ts";

type Banner = { status: Status; title: string; more?: string | undefined; action?: { name: string; do: () => void } };

/** After how many seconds without a word from the server the page says so and looks different. */
const silentAfter = 12;

/** For how many seconds nothing was heard. */
export const silentFor = (): number => Math.max(0, (clock.value - connection.value.heard) / 1000);

export const frozen = (): boolean => !connection.value.open && silentFor() >= silentAfter;

/** What everybody on every screen must know; the two most serious of it. */
function banners(): Banner[] {
  const all: Banner[] = [];
  if (frozen()) {
    all.push({
      status: "stale", title: `Connection lost ${span(silentFor())} ago.`, more: "The picture is frozen.",
      action: { name: text.tryNow, do: tryNow },
    });
  }
  if (fleet.value && !fleet.value.auto_recovery) {
    all.push({ status: "warn", title: "Automatic recovery is off everywhere.", more: "Failures are still detected and reported." });
  }
  if (me.value?.message) all.push({ status: "info", title: me.value.message });
  if (me.value && !me.value.may_operate) all.push({ status: "info", title: text.readOnly, more: me.value.why });
  return all.slice(0, 2);
}

export const Banners = (): JSX.Element => (
  <>
    {banners().map((banner) => (
      <div key={banner.title} class={`banner bn-${banner.status}`} role={banner.status === "crit" ? "alert" : "status"}>
        <Mark status={banner.status} label={false} />
        <b>{banner.title}</b>
        {banner.more && <span>{banner.more}</span>}
        {banner.action && (
          <button type="button" class="link" onClick={banner.action.do}>
            {banner.action.name}
          </button>
        )}
      </div>
    ))}
  </>
);
