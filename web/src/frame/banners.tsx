import type { JSX } from "preact";
import { connection, tryNow } from "../api/events.ts";
import { boot } from "../api/boot.ts";
import { fleet } from "../model/fleet.ts";
import { frozen, leaderless, silentFor } from "../model/acting.ts";
import { mayOperate, me } from "../model/me.ts";
import { globalSwitch, nodes, offUntil } from "../model/nodes.ts";
import { go } from "../model/route.ts";
import { Mark } from "../ui/marks.tsx";
import { span, type Status, text } from "../words/en.ts";
import { switchText, frameText } from "../words/frame.ts";
import { turnAutoRecovery } from "./auto.tsx";

type Banner = { status: Status; title: string; more?: string | undefined; action?: { name: string; do: () => void } | undefined };

/** What everybody on every screen must know; the two most serious of it. */
function banners(): Banner[] {
  const all: Banner[] = [];
  const is = nodes.value;
  if (frozen.value) {
    const retry = connection.value.retry;
    all.push({
      status: "stale", title: frameText.connectionLostAgo(span(silentFor())),
      more: retry === null ? frameText.frozenPicture : frameText.frozenRetry(span(retry)),
      action: { name: text.tryNow, do: tryNow },
    });
  } else if (is && leaderless.value) {
    all.push({ status: "crit", title: frameText.nobodyLeads, more: frameText.nothingWillBeFailedOver(is.self), action: { name: "Managers", do: () => go("nodes") } });
  } else if (is && !is.healthy) {
    all.push({ status: "warn", title: frameText.isNotWell(is.self), more: is.error, action: { name: "Managers", do: () => go("nodes") } });
  }
  if (fleet.value && !fleet.value.auto_recovery) {
    const { owner, reason } = globalSwitch.value ?? {};
    all.push({
      status: "warn", title: offUntil.value ? switchText.bannerUntil(offUntil.value) : switchText.isOff, more: owner && reason ? switchText.bannerWhy(owner, reason) : switchText.banner,
      action: mayOperate.value ? { name: switchText.turnOn, do: () => void turnAutoRecovery({ enabled: true }) } : undefined,
    });
  }
  if (boot.me && connection.value.version !== "" && connection.value.version !== boot.me.version) {
    all.push({ status: "info", title: frameText.orchestratorWasUpgraded, more: frameText.oldVersion, action: { name: frameText.loadTheNewPage, do: () => location.reload() } });
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
