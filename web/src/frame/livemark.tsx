import type { JSX } from "preact";
import { connection } from "../api/events.ts";
import { clock } from "../model/clock.ts";
import { me } from "../model/me.ts";
import { age, span, text } from "../words/en.ts";
import { frozen, silentFor } from "../model/acting.ts";
import { frameText } from "../words/frame.ts";

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
        <span class="muted">{open && !frozen.value ? frameText.pictureOld(age(silentFor())) : frameText.old(span(silentFor()))}</span>
      </button>
      <div id="live-facts" popover="auto" class="menu facts-menu">
        <dl>
          {(
            [
              [frameText.thisPageComes, node || me.value?.node || text.unknown],
              [frameText.itsRole, role || me.value?.node_role || text.unknown],
              ["Version", me.value?.version ?? text.unknown],
              [frameText.heardLast, `${span(silentFor())} ago`],
              ["Events", open ? frameText.arriveAsTheyHappen : frameText.theConnectionIsBeingMade],
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
