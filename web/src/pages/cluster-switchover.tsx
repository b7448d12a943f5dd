import type { JSX } from "preact";
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Cluster } from "../api/types.ts";
import { cluster, serverCell } from "../model/cluster.ts";
import { canAct } from "../model/acting.ts";
import { PlanPanel } from "../plan/panel.tsx";
import { ask, close, shown } from "../plan/model.ts";
import { name } from "../tree/names.ts";
import { span } from "../words/en.ts";
import { useForecast } from "./cluster-panel.tsx";
import { takeoverText } from "../words/acts.ts";

/** The planned switchover, or the recovery of a failed server; with what was chosen so far. */
export type Switching =
  | { what: "switchover"; winner: string; auto: boolean }
  | { what: "recover"; failed: string; winner: string; hooks: boolean; force: boolean };

export const switching = signal<Switching | null>(null);

/** Opens the panel of the planned switchover. With no winner the chooser names one. */
export function openSwitchover(winner = ""): void {
  choose({ what: "switchover", winner, auto: true });
}

/** A server is to take over: a planned switchover with this winner. */
export const promote = (key: string): void => openSwitchover(key);

export const openRecover = (failed: string): void => choose({ what: "recover", failed, winner: "", hooks: true, force: false });

/** Notes a choice, and asks for the plan that it makes. */
function choose(next: Switching): void {
  if (!canAct.peek()) return;
  switching.value = next;
  const of = cluster.peek();
  if (!of) return;
  const destination: Record<string, string> = next.winner ? { destination: next.winner } : {};
  if (next.what === "switchover") {
    void ask(next.auto ? "graceful-master-takeover-auto" : "graceful-master-takeover", { cluster: of.name, ...destination });
  } else if (next.force) {
    void ask(next.winner ? "force-master-takeover" : "force-master-failover", { cluster: of.name, ...destination });
  } else void ask(next.hooks ? "recover" : "recover-lite", { instance: next.failed, ...destination });
}

/** Leaves what was begun. A plan that runs goes on. */
export function leave(): void {
  switching.value = null;
  close();
}

/** Choose, check, run and result: one panel on one scroll. */
export function Switchover(): JSX.Element | null {
  const is = switching.value;
  const of = cluster.value;
  const plan = shown.value?.plan;
  useEffect(() => {
    // An undo or another operation has taken the panel over.
    if (plan && !/takeover|^recover|^force/.test(plan.operation)) switching.value = null;
  }, [plan?.operation]);
  if (!is || !of) return null;
  const open = !plan || plan.state === "planned";
  return <PlanPanel onClose={leave} above={open && (is.what === "switchover" ? <ChooseWinner is={is} of={of} /> : <ChooseRecovery is={is} of={of} />)} />;
}

/** The servers that could take over, with what the chooser says of each. */
function Winners({ of, chosen, onChoose, failed }: { of: Cluster; chosen: string; failed?: string; onChoose: (key: string) => void }): JSX.Element {
  const forecast = useForecast(of, undefined, failed).value;
  const planned = shown.value?.plan;
  const best = planned?.steps.find((step) => step.verb === "set-writable")?.server ?? forecast?.successor;
  const above = failed ?? of.primary;
  const candidates = of.members.filter((server) => server.source === above && server.key !== above);
  const reasons = new Map([...(forecast?.rejected ?? []), ...(planned?.rejected ?? [])].map((one) => [one.server, one.reason]));
  return (
    <fieldset class="winners">
      <legend>{takeoverText.whoTakesOver}</legend>
      {candidates.map((server) => (
        <label key={server.key}>
          <input type="radio" name="winner" checked={server.key === (chosen || best)} onChange={() => onChoose(server.key)} />
          <span>
            <b>{name(server.key)}</b>
            <small>{[serverCell(server.key)?.value.sentence, server.key === best ? takeoverText.byThisPlan : reasons.get(server.key), `lag ${span(server.lag_s)}`].filter(Boolean).join(" · ")}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

const ChooseWinner = ({ is, of }: { is: Extract<Switching, { what: "switchover" }>; of: Cluster }): JSX.Element => (
  <>
    <Winners of={of} chosen={is.winner} onChoose={(winner) => choose({ ...is, winner })} />
    <label class="toggle">
      <input type="checkbox" checked={is.auto} onChange={(event) => choose({ ...is, auto: event.currentTarget.checked })} />
      <span>{takeoverText.startOld}</span>
    </label>
  </>
);

const ChooseRecovery = ({ is, of }: { is: Extract<Switching, { what: "recover" }>; of: Cluster }): JSX.Element => (
  <>
    <Winners of={of} chosen={is.winner} failed={is.failed} onChoose={(winner) => choose({ ...is, winner })} />
    <label class="toggle">
      <input type="checkbox" checked={is.hooks} disabled={is.force} onChange={(event) => choose({ ...is, hooks: event.currentTarget.checked })} />
      <span>{takeoverText.runTheHooks}</span>
    </label>
    {is.failed === of.primary && (
      <label class="toggle">
        <input type="checkbox" checked={is.force} onChange={(event) => choose({ ...is, force: event.currentTarget.checked })} />
        <span>{takeoverText.evenIfAlive}</span>
      </label>
    )}
  </>
);
