import type { JSX } from "preact";
import { connection, tryNow } from "../api/events.ts";
import { boot } from "../api/boot.ts";
import { fleet } from "../model/fleet.ts";
import { clock } from "../model/clock.ts";
import { mayOperate, me } from "../model/me.ts";
import { nodes } from "../model/nodes.ts";
import { go } from "../model/route.ts";
import { Mark } from "../ui/marks.tsx";
import { span, type Status, text } from "../words/en.ts";
import { turnAutoRecovery } from "./auto.tsx";

type Banner = { status: Status; title: string; more?: string | undefined; action?: { name: string; do: () => void } | undefined };

/** After how many seconds without a word from the server the page says so and looks different. */
const silentAfter = 12;

/** For how many seconds nothing was heard. */
export const silentFor = (): number => {
  void clock.value; // it is told anew every second
  return Math.max(0, (Date.now() - connection.value.heard) / 1000);
};

/** What is shown is old: nothing can be changed until the server speaks again. */
export const frozen = (): boolean => silentFor() >= silentAfter;

/** What everybody on every screen must know; the two most serious of it. */
function banners(): Banner[] {
  const all: Banner[] = [];
  const is = nodes.value;
  if (frozen()) {
    const retry = connection.value.retry;
    all.push({
      status: "stale", title: `Connection lost ${span(silentFor())} ago.`,
      more: retry === null ? "The picture is frozen." : `The picture is frozen. It is tried again every ${span(retry)}.`,
      action: { name: text.tryNow, do: tryNow },
    });
  } else if (is && is.leader === "") {
    all.push({ status: "crit", title: "Nobody leads.", more: `Nothing will be failed over and nothing can be changed. What you see is ${is.self}’s own picture.`, action: { name: "Managers", do: () => go("nodes") } });
  } else if (is && !is.healthy) {
    all.push({ status: "warn", title: `${is.self} is not well.`, more: is.error, action: { name: "Managers", do: () => go("nodes") } });
  }
  if (fleet.value && !fleet.value.auto_recovery) {
    all.push({
      status: "warn", title: "Automatic recovery is off everywhere.", more: "Failures are still detected and reported.",
      action: mayOperate.value ? { name: "Turn on", do: () => void turnAutoRecovery(true) } : undefined,
    });
  }
  if (boot.me && connection.value.version !== "" && connection.value.version !== boot.me.version) {
    all.push({ status: "info", title: "orchestrator was upgraded.", more: "This page is of the version before.", action: { name: "Load the new page", do: () => location.reload() } });
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
