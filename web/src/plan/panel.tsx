import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Plan } from "../api/types.ts";
import { clock } from "../model/clock.ts";
import { canAct, hindered } from "../model/acting.ts";
import { mayOperate, me } from "../model/me.ts";
import { connection } from "../api/events.ts";
import { route } from "../model/route.ts";
import { Button } from "../ui/button.tsx";
import { copyText } from "../ui/copy.ts";
import { Icon, Mark } from "../ui/marks.tsx";
import { Failed } from "../ui/states.tsx";
import { url } from "../url.ts";
import { duration, plural, span } from "../words/en.ts";
import { name } from "../tree/names.ts";
import { PauseClock } from "./clock.tsx";
import { After } from "./after.tsx";
import { Flip } from "./flip.tsx";
import { asking, close, refused, run, type Shown, shown, stop, takeBack } from "./model.ts";
import { differences, foretold, settled, took } from "./patch.ts";
import { Checks, Steps } from "./steps.tsx";
import { planText } from "../words/plan.ts";

/** Whether there is something of a plan to show. */
export const planOpen = (): boolean => shown.value !== null || refused.value !== null || asking.value !== null;

/** What will be done, is being done, or was done: the one way to change a server. */
export function PlanPanel({ onClose = close, above }: { onClose?: () => void; above?: ComponentChildren }): JSX.Element {
  const is = shown.value;
  const no = refused.value;
  if (no?.operation === "" && no.problem.status === 404) return <NotKept onClose={onClose} />;
  if (no) {
    return (
      <div class="pn plan" role="dialog" aria-label={planText.refused}>
        <Top title={planText.notPossible} onClose={onClose} />
        <div class="verdict v-crit">
          <b>
            <Mark status="crit" label={false} />
            {no.problem.detail}
          </b>
          {no.problem.remedy && <p>{planText.remedy} {no.problem.remedy}.</p>}
          {no.problem.reason && <p>Rule: {no.problem.reason}</p>}
        </div>
        <p class="small">{planText.nothingHasBeenChanged}</p>
        {above}
      </div>
    );
  }
  if (!is) {
    return (
      <div class="pn plan" aria-busy="true">
        <Top title={planText.makingThePlan} onClose={onClose} />
        <p class="muted">{planText.looking}</p>
      </div>
    );
  }
  return <Open key={is.plan.id} is={is} onClose={onClose} above={above} />;
}

/** A plan that an address names, and nobody keeps any more: what it did is in the audit. */
function NotKept({ onClose }: { onClose: () => void }): JSX.Element {
  const id = route.value.query.get("plan") ?? decodeURIComponent(route.value.path.split("/")[1] ?? "");
  return (
    <div class="pn plan" role="dialog" aria-label={planText.notKept}>
      <Top title={planText.notKept} onClose={onClose} />
      <p>{planText.notKeptWhy}</p>
      <p>
        <a class="link" href={url("audit", { of: id })}>
          {planText.whatItDid}
        </a>
      </p>
    </div>
  );
}

const Top = ({ title, onClose }: { title: ComponentChildren; onClose: () => void }): JSX.Element => (
  <div class="pn-top">
    <h2>{title}</h2>
    <Button kind="icon ghost" icon="x" label={planText.close} onClick={onClose} />
  </div>
);

function Open({ is, onClose, above }: { is: Shown; onClose: () => void; above: ComponentChildren }): JSX.Element {
  const { plan } = is;
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      onClose();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [onClose]);
  const lines = is.before ? differences(is.before, plan) : [];
  return (
    <div class="pn plan" role="dialog" aria-label={planText.planOf(plan.title)} data-state={plan.state} ref={box}>
      <Top title={plan.title} onClose={onClose} />
      {is.before && (
        <div class="verdict v-warn" role="alert">
          <b>
            <Mark status="warn" label={false} />
            {planText.changed}
          </b>
          <ul>
            {lines.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </div>
      )}
      <State of={plan} />
      <Flip />
      {above}
      {is.problem && <Failed problem={is.problem} />}
      <Numbers of={plan} />
      {plan.risk && (
        <div class="verdict v-crit" id="plan-risk">
          <b>
            <Mark status="crit" label={false} />
            {plan.risk}
          </b>
        </div>
      )}
      {plan.warnings.map((warning) => (
        <p key={warning} class="notyet">
          <Mark status="warn" label={planText.warning} />
          {warning}
        </p>
      ))}
      {plan.checks.length > 0 && (
        <>
          <h3>{plan.state === "planned" ? planText.checkedJustNow : planText.whatMustHold}</h3>
          <Checks of={plan.checks} />
        </>
      )}
      {plan.steps.length > 0 && (
        <>
          <h3>{plural(plan.steps.length, "step")}</h3>
          <Steps of={plan} />
        </>
      )}
      <Others title={planText.whoCannotFollow} of={plan.lost} />
      <Others title={planText.whyNotTheOthers} of={plan.rejected} />
      <h3>{planText.wayBack}</h3>
      <p class="small">{plan.undo ? planText.undoThatIsAPlan(plan.undo.text) : planText.noWayBack}</p>
      <Same of={plan} />
      <Foot is={is} onClose={onClose} />
    </div>
  );
}

/** How far the plan is, in a sentence. */
function State({ of }: { of: Plan }): JSX.Element {
  switch (of.state) {
    case "planned":
      return (
        <p class="notyet">
          <Mark status="info" label={false} />
          {planText.nothingYet}
        </p>
      );
    case "running":
      return (
        <div class="verdict v-run">
          <b>
            <Mark status="run" label={false} />
            {planText.stepOf(Math.min(of.steps_done + 1, of.steps_total), of.steps_total)}
          </b>
          <p>{planText.goesOn}</p>
          <PauseClock of={of} />
        </div>
      );
    case "done":
      return (
        <div class="verdict v-ok">
          <b>
            <Mark status="ok" label={false} />
            {of.result || "Done."}
          </b>
          <p>{took(of) && planText.tookInstead(took(of)!, foretold(of))}</p>
          <PauseClock of={of} />
        </div>
      );
    default: {
      const at = of.steps.find((step) => step.state === "failed");
      const back = of.steps.filter((step) => step.state === "undone").length;
      return (
        <div class="verdict v-crit" role="alert">
          <b>
            <Mark status="crit" label={false} />
            {of.state === "expired" ? planText.expired : of.state === "stopped" ? "Stopped." : planText.itFailed}
          </b>
          {of.error && <p>{of.error}</p>}
          {at && <p>{planText.stepOn(at.n, name(at.server), at.action)}</p>}
          {of.after ? <After of={of.after} /> : back > 0 && <p>{planText.stepsBack(back)}</p>}
        </div>
      );
    }
  }
}

const numberNames: Record<string, string> = { duration: planText.inAll, pause: planText.withoutWrites, steps: "steps", servers: "servers" };

/** How long, what pauses, what is at risk. */
function Numbers({ of }: { of: Plan }): JSX.Element {
  const pause = of.numbers.find((number) => number.name === "pause");
  const length = of.numbers.find((number) => number.name === "duration");
  const servers = of.numbers.find((number) => number.name === "servers");
  // What changes no server has nothing to count.
  if (of.steps.length === 0) return pause && of.level > 0 ? <p class="small">{pause.text}</p> : <></>;
  return (
    <>
      <div class="vnums three">
        <span title={length?.text}>
          <b>{length?.ms != null ? duration(length.ms) : "unknown"}</b>
          {numberNames["duration"]}
        </span>
        {pause?.ms != null ? (
          <span title={pause.text}>
            <b>{duration(pause.ms)}</b>
            {numberNames["pause"]}
          </span>
        ) : (
          <span>
            <b>{servers?.text ?? of.servers.length}</b>
            {of.servers.length === 1 ? "server" : "servers"}
          </span>
        )}
        <span>
          <b>{of.risk || of.lost.length > 0 ? planText.seeBelow : "none"}</b>
          {planText.dataAtRisk}
        </span>
      </div>
      {pause && pause.ms == null && <p class="small">{pause.text}</p>}
      {length && length.ms == null && of.state === "planned" && <p class="small">{planText.howLong} {length.text}.</p>}
    </>
  );
}

const Others = ({ title, of }: { title: string; of: Plan["rejected"] }): JSX.Element | null =>
  of.length === 0 ? null : (
    <>
      <h3>{title}</h3>
      <ul class="why">
        {of.slice(0, 12).map((one) => (
          <li key={one.server}>
            <code title={one.server}>{name(one.server)}</code>
            <span>{one.reason}</span>
          </li>
        ))}
      </ul>
      {of.length > 12 && <p class="small">and {plural(of.length - 12, "other")}</p>}
    </>
  );

/** The same from the command line and by the API; nothing in it is secret. */
function Same({ of }: { of: Plan }): JSX.Element | null {
  if (!of.cli && !of.http) return null;
  return (
    <details class="same">
      <summary>
        <Icon name="term" />
        {planText.commandLine}
      </summary>
      {[of.cli, of.http].filter(Boolean).map((line) => (
        <div key={line} class="copyline">
          <code class="stmt">{line}</code>
          <button type="button" class="link" onClick={() => void copyText(line)}>
            {planText.copy}
          </button>
        </div>
      ))}
    </details>
  );
}

/** What the button says: the verb and the object. */
function verb(plan: Plan): string {
  const one = plan.arguments["instance"] ?? plan.arguments["destination"];
  const object = one ? " " + name(one) : "";
  const peer = plan.arguments["peer"] ?? plan.arguments["hostname"] ?? "";
  const verbs: Record<string, string> = {
    "raft-add-peer": planText.add(peer), "raft-remove-peer": planText.remove(peer), "raft-replace-peer": planText.replace(peer), "raft-yield": planText.letLead(peer), "grab-election": planText.letThisLead, reelect: planText.handOver, "raft-snapshot": planText.snapshot,
    relocate: planText.move(object), "move-below": planText.move(object), "move-up": planText.move(object), "relocate-replicas": planText.moveTheReplicas, "take-master": planText.letTakeItsPlace(object),
    "game-day": planText.shutDown(object), "stop-replica": planText.stopReplication, "start-replica": planText.startReplication, "restart-replica": planText.restartReplication, "set-read-only": planText.closeServer(object), "set-writeable": planText.openServer(object),
    recover: planText.recover, "recover-lite": planText.recover, "force-master-failover": planText.failOverNow, "force-master-takeover": planText.failOverNow, "make-co-master": planText.makeCoPrimary, forget: planText.forget(object),
  };
  if (plan.operation.startsWith("graceful-master-takeover")) {
    const winner = plan.steps.find((step) => step.verb === "set-writable")?.server;
    return winner ? planText.promote(name(winner)) : planText.switchOver;
  }
  return verbs[plan.operation] ?? plan.operation.replaceAll("-", " ").replace(/^./, (first) => first.toUpperCase());
}

/** Validity, cancel, and the verb; for what may lose data, the alias typed and a reason. */
function Foot({ is, onClose }: { is: Shown; onClose: () => void }): JSX.Element {
  const { plan } = is;
  const [confirm, setConfirm] = useState("");
  const [reason, setReason] = useState("");
  const cancel = useRef<HTMLSpanElement>(null);
  const act = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (plan.state !== "planned") return;
    if (plan.level === 0) act.current?.focus({ preventScroll: true });
    else cancel.current?.querySelector("button")?.focus({ preventScroll: true });
  }, [plan.id]);
  void clock.value;
  if (plan.state === "running") {
    return (
      <div class="pn-foot sticky">
        <span class="muted">{plan.stop ? planText.ifStopped(plan.stop) : planText.running}</span>
        {mayOperate.value && plan.stop && (
          <Button kind="ghost" onClick={() => void stop()}>
            {planText.stop}
          </Button>
        )}
      </div>
    );
  }
  if (settled(plan)) {
    const undo = plan.undo;
    return (
      <div class="pn-foot sticky">
        <a class="btn ghost" href={url("audit", { of: plan.id })}>
          <span>{planText.audit}</span>
        </a>
        <span class="muted" />
        {undo && plan.state === "done" && mayOperate.value && (
          <Button icon="undo" onClick={() => void takeBack(undo)}>
            {planText.undo}
          </Button>
        )}
        <Button kind="primary" onClick={onClose}>
          {planText.close}
        </Button>
      </div>
    );
  }
  if (!mayOperate.value) {
    return (
      <div class="pn-foot sticky">
        <span class="muted">{me.value?.why || planText.lookOnly}</span>
        <Button kind="ghost" onClick={onClose}>
          {planText.close}
        </Button>
      </div>
    );
  }
  const left = plan.expires ? (Date.parse(plan.expires) - clock.value) / 1000 : 0;
  const wanted = plan.confirm ?? "";
  const ready = !is.busy && connection.value.open && canAct.value && (wanted === "" || (confirm === wanted && reason.trim() !== ""));
  return (
    <form
      class="pn-foot sticky"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) void run(wanted ? confirm : undefined, wanted ? reason.trim() : undefined);
      }}
    >
      {wanted !== "" && (
        <div class="confirm">
          <label>
            <span>
              Type <code>{wanted}</code> {planText.toConfirm}
            </span>
            <input type="text" name="confirm" autocomplete="off" value={confirm} onInput={(event) => setConfirm(event.currentTarget.value)} />
          </label>
          <label>
            <span>{plan.operation === "game-day" ? planText.expectation : planText.why}</span>
            <input type="text" name="reason" value={reason} maxLength={500} onInput={(event) => setReason(event.currentTarget.value)} />
          </label>
        </div>
      )}
      <span class="muted">{hindered.value || (left > 0 ? planText.validForAsLong(span(left)) : "Expired")}</span>
      <span ref={cancel}>
        <Button kind="ghost" onClick={onClose}>
          {planText.cancel}
        </Button>
      </span>
      <button type="submit" ref={act} data-verb={plan.level === 0 || undefined} class={plan.level === 2 ? "btn danger" : "btn primary"} disabled={!ready} aria-describedby={plan.risk ? "plan-risk" : undefined}>
        <span>{verb(plan)}</span>
      </button>
    </form>
  );
}
