import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../api/client.ts";
import type { Outcome, Switch } from "../api/types.ts";
import { fleet, readFleet } from "../model/fleet.ts";
import { mayOperate } from "../model/me.ts";
import { nodes } from "../model/nodes.ts";
import { tellRefusal, toast } from "../model/toasts.ts";
import { Ask } from "../ui/dialog.tsx";
import { Icon } from "../ui/marks.tsx";
import { plural } from "../words/en.ts";
import { frozen } from "./banners.tsx";

/** Turns automatic recovery off or on, for all clusters. */
export async function turnAutoRecovery(on: boolean): Promise<void> {
  try {
    await send<Outcome>("PUT", "auto-recovery", { enabled: on } satisfies Switch);
    await readFleet();
    toast({
      status: on ? "ok" : "warn",
      text: on ? "Automatic recovery is on." : "Automatic recovery is off everywhere.",
      action: on ? undefined : { name: "Turn on", do: () => void turnAutoRecovery(true) },
    });
  } catch (error) {
    tellRefusal(error);
  }
}

/** The switch of the top bar. Turning it off says first what that means; turning it on is harmless. */
export function AutoRecovery(): JSX.Element {
  const [asking, ask] = useState(false);
  const on = fleet.value?.auto_recovery;
  const helpless = nodes.value !== null && nodes.value.leader === "";
  const word = on === undefined ? "unknown" : helpless ? "cannot act" : on ? "on" : "off";
  return (
    <>
      <button
        type="button"
        class="switch"
        role="switch"
        aria-checked={on === true && !helpless}
        disabled={!mayOperate.value || frozen() || on === undefined}
        title={helpless ? nodes.value!.sentence : "Automatic recovery, all clusters"}
        onClick={() => (on ? ask(true) : void turnAutoRecovery(true))}
      >
        <Icon name="shield" />
        <span>Auto-recovery</span>
        <b>{word}</b>
      </button>
      {asking && (
        <Ask
          title="Turn automatic recovery off everywhere"
          verb="Turn automatic recovery off"
          onClose={() => ask(false)}
          onDone={() => {
            ask(false);
            void turnAutoRecovery(false);
          }}
          explain={
            <>
              <p>
                Failures in all {plural(fleet.value?.clusters.length ?? 0, "cluster")} are still detected and reported, and nothing is repaired by itself until somebody turns it on again.
              </p>
              <p>Recoveries that run go on. Everything can still be done by hand. A banner says so on every page.</p>
            </>
          }
        />
      )}
    </>
  );
}
