import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../api/client.ts";
import type { Outcome, SwitchRequest } from "../api/types.ts";
import { canAct, hindered, leaderless } from "../model/acting.ts";
import { fleet, readFleet } from "../model/fleet.ts";
import { offUntil, readSwitch } from "../model/nodes.ts";
import { tellRefusal, toast } from "../model/toasts.ts";
import { Dialog, DialogForm } from "../ui/dialog.tsx";
import { Icon } from "../ui/marks.tsx";
import { holdLengths, plural, text } from "../words/en.ts";
import { switchText } from "../words/frame.ts";

/** Turns automatic recovery on, or off for a time, for all clusters. */
export async function turnAutoRecovery(to: SwitchRequest): Promise<void> {
  try {
    await send<Outcome>("PUT", "auto-recovery", to);
    await Promise.all([readFleet(), readSwitch()]);
    toast(
      to.enabled
        ? { status: "ok", text: switchText.isOn }
        : { status: "warn", text: switchText.isOff, action: { name: switchText.turnOn, do: () => void turnAutoRecovery({ enabled: true }) } },
    );
  } catch (error) {
    tellRefusal(error);
  }
}

/** The switch of the top bar. Turning it off says first what that means; turning it on is harmless. */
export function AutoRecovery(): JSX.Element {
  const [asking, ask] = useState(false);
  const on = fleet.value?.auto_recovery;
  const helpless = leaderless.value;
  const until = offUntil.value;
  const word = on === undefined ? text.unknown : helpless ? switchText.cannotAct : on ? switchText.on : until ? switchText.offUntil(until) : switchText.off;
  return (
    <>
      <button
        type="button"
        class="switch"
        role="switch"
        aria-checked={on === true && !helpless}
        disabled={!canAct.value || on === undefined}
        title={hindered.value || switchText.title}
        onClick={() => (on ? ask(true) : void turnAutoRecovery({ enabled: true }))}
      >
        <Icon name="shield" />
        <span>{switchText.name}</span>
        <b>{word}</b>
      </button>
      {asking && <TurnOff onClose={() => ask(false)} />}
    </>
  );
}

/** Asks for how long it is off, and why. What has no end has no record of its own but the audit, so no reason is asked for. */
function TurnOff({ onClose }: { onClose: () => void }): JSX.Element {
  const [duration, setDuration] = useState("1h");
  const [reason, setReason] = useState("");
  const turnOff = (): void => {
    onClose();
    void turnAutoRecovery({ enabled: false, ...(duration && { duration, reason: reason.trim() }) });
  };
  return (
    <Dialog title={switchText.turnOffEverywhere} onClose={onClose}>
      <DialogForm verb={switchText.turnOff} onLeave={onClose} onDone={turnOff}>
        <div class="explain">
          <p>{switchText.means(plural(fleet.value?.clusters.length ?? 0, "cluster"))}</p>
          <p>{switchText.goesOn}</p>
        </div>
        <div class="chips wide" role="group" aria-label={switchText.howLong}>
          {[...holdLengths, ["", switchText.noEnd]].map(([value, called]) => (
            <button key={value} type="button" class="chip" aria-pressed={duration === value} onClick={() => setDuration(value!)}>
              {called}
            </button>
          ))}
        </div>
        {duration && (
          <label class="field">
            <span>{switchText.why}</span>
            <input type="text" required maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
          </label>
        )}
      </DialogForm>
    </Dialog>
  );
}
