import type { JSX } from "preact";
import { connection } from "../api/events.ts";
import { clock } from "../model/clock.ts";
import { me } from "../model/me.ts";
import { span, text } from "../words/en.ts";
import { frozen, silentFor } from "../model/acting.ts";

/** Whether what is shown is what is, and how old it is. */
export function LiveMark(): JSX.Element {
  void clock.value;
  const { open, node, role } = connection.value;
  const word = frozen.value ? text.frozen : open ? text.live : text.catchingUp;
  return (
    <>
      <button type="button" class={`live l-${frozen.value ? "frozen" : open ? "live" : "late"}`} popovertarget="live-facts">
        <i class="dot" />
        <span class="nl">{word}</span>
        <span class="muted">{open && !frozen.value ? "" : `${span(silentFor())} old`}</span>
      </button>
      <div id="live-facts" popover="auto" class="menu facts-menu">
        <dl>
          {(
            [
              ["This page comes from", node || me.value?.node || text.unknown],
              ["Its role", role || me.value?.node_role || text.unknown],
              ["Version", me.value?.version ?? text.unknown],
              ["Heard last", `${span(silentFor())} ago`],
              ["Events", open ? "arrive as they happen" : "the connection is being made again"],
            ] as const
          ).map(([name, value]) => (
            <div key={name} class="kv">
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    </>
  );
}
