import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Plan } from "../api/types.ts";
import { clock } from "../model/clock.ts";
import { canAct, hindered } from "../model/acting.ts";
import { mayOperate, me } from "../model/me.ts";
import { connection } from "../api/events.ts";
import { toast } from "../model/toasts.ts";
import { Button } from "../ui/button.tsx";
import { Icon, Mark } from "../ui/marks.tsx";
import { Failed } from "../ui/states.tsx";
import { url } from "../url.ts";
import { duration, plural, span } from "../words/en.ts";
import { name } from "../tree/names.ts";
import { showNow } from "../tree/scene.ts";
import { PauseClock } from "./clock.tsx";
import { asking, close, refused, run, type Shown, shown, stop, takeBack } from "./model.ts";
import { differences, settled, took } from "./patch.ts";
import { Checks, Steps } from "./steps.tsx";

/** Whether there is something of a plan to show. */
export const planOpen = (): boolean => shown.value !== null || refused.value !== null || asking.value !== null;

/** What will be done, is being done, or was done: the one way to change a server. */
export function PlanPanel({ onClose = close, above }: { onClose?: () => void; above?: ComponentChildren }): JSX.Element {
  const is = shown.value;
  const no = refused.value;
  if (no) {
    return (
      <div class="pn plan" role="dialog" aria-label="Refused">
        <Top title="This is not possible now" onClose={onClose} />
        <div class="verdict v-crit">
          <b>
            <Mark status="crit" label={false} />
            {no.problem.detail}
          </b>
          {no.problem.remedy && <p>What would make it possible: {no.problem.remedy}.</p>}
          {no.problem.reason && <p>Rule: {no.problem.reason}</p>}
        </div>
        <p class="small">Nothing has been changed.</p>
        {above}
      </div>
    );
  }
  if (!is) {
    return (
      <div class="pn plan" aria-busy="true">
        <Top title="Making the plan" onClose={onClose} />
        <p class="muted">The servers are looked at. Nothing is changed.</p>
      </div>
    );
  }
  return <Open key={is.plan.id} is={is} onClose={onClose} above={above} />;
}

const Top = ({ title, onClose }: { title: ComponentChildren; onClose: () => void }): JSX.Element => (
  <div class="pn-top">
    <h2>{title}</h2>
    <Button kind="icon ghost" icon="x" label="Close" onClick={onClose} />
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
  useEffect(() => () => void (showNow.value = false), []);
  const lines = is.before ? differences(is.before, plan) : [];
  return (
    <div class="pn plan" role="dialog" aria-label={`Plan: ${plan.title}`} data-state={plan.state} ref={box}>
      <Top title={plan.title} onClose={onClose} />
      {is.before && (
        <div class="verdict v-warn" role="alert">
          <b>
            <Mark status="warn" label={false} />
            The servers have changed. This is the plan as it is now.
          </b>
          <ul>
            {lines.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </div>
      )}
      <State of={plan} />
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
          <Mark status="warn" label="warning" />
          {warning}
        </p>
      ))}
      {plan.checks.length > 0 && (
        <>
          <h3>{plan.state === "planned" ? "Checked just now" : "What must hold"}</h3>
          <Checks of={plan.checks} />
        </>
      )}
      {plan.steps.length > 0 && (
        <>
          <h3>{plural(plan.steps.length, "step")}</h3>
          <Steps of={plan} />
        </>
      )}
      <Others title="Who cannot follow" of={plan.lost} />
      <Others title="Why not the others?" of={plan.rejected} />
      <h3>If you want it back</h3>
      <p class="small">{plan.undo ? `Undo: ${plan.undo.text}. That is a plan of its own.` : "There is no way back by one operation."}</p>
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
          Nothing has been changed yet. This is what will happen.
        </p>
      );
    case "running":
      return (
        <div class="verdict v-run">
          <b>
            <Mark status="run" label={false} />
            {`Step ${Math.min(of.steps_done + 1, of.steps_total)} of ${of.steps_total}`}
          </b>
          <p>You may leave this page, it goes on.</p>
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
          <p>{took(of) && `Took ${took(of)}.`}</p>
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
            {of.state === "expired" ? "The plan has expired. Nothing was changed." : of.state === "stopped" ? "Stopped." : "It failed."}
          </b>
          {of.error && <p>{of.error}</p>}
          {at && <p>{`Step ${at.n}, on ${name(at.server)}: ${at.action}.`}</p>}
          {back > 0 && <p>{`${plural(back, "step")} taken back.`}</p>}
        </div>
      );
    }
  }
}

const numberNames: Record<string, string> = { duration: "in all", pause: "without writes", steps: "steps", servers: "servers" };

/** How long, what pauses, what is at risk. */
function Numbers({ of }: { of: Plan }): JSX.Element {
  const pause = of.numbers.find((number) => number.name === "pause");
  const length = of.numbers.find((number) => number.name === "duration");
  const servers = of.numbers.find((number) => number.name === "servers");
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
          <b>{of.risk || of.lost.length > 0 ? "see below" : "none"}</b>
          data at risk
        </span>
      </div>
      {pause && pause.ms == null && <p class="small">{pause.text}</p>}
      {length && length.ms == null && of.state === "planned" && <p class="small">How long: {length.text}.</p>}
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
  const copy = (text: string): void => void navigator.clipboard?.writeText(text).then(() => toast({ status: "ok", text: "Copied." }));
  return (
    <details class="same">
      <summary>
        <Icon name="term" />
        The same from the command line
      </summary>
      {[of.cli, of.http].filter(Boolean).map((line) => (
        <div key={line} class="copyline">
          <code class="stmt">{line}</code>
          <button type="button" class="link" onClick={() => copy(line)}>
            Copy
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
  const verbs: Record<string, string> = {
    relocate: "Move" + object, "move-below": "Move" + object, "move-up": "Move" + object, "relocate-replicas": "Move the replicas", "take-master": `Let${object} take its place`,
    "game-day": "Shut down" + object, "stop-replica": "Stop replication", "start-replica": "Start replication", "restart-replica": "Restart replication", "set-read-only": "Close" + object, "set-writeable": "Open" + object,
    recover: "Recover", "recover-lite": "Recover", "force-master-failover": "Fail over now", "force-master-takeover": "Fail over now", "make-co-master": "Make co-primary", forget: "Forget" + object,
  };
  if (plan.operation.startsWith("graceful-master-takeover")) {
    const winner = plan.steps.find((step) => step.verb === "set-writable")?.server;
    return winner ? `Promote ${name(winner)}` : "Switch over";
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
        <span class="muted">Running…</span>
        {mayOperate.value && !plan.operation.includes("takeover") && !plan.operation.startsWith("recover") && !plan.operation.startsWith("force") && (
          <Button kind="ghost" onClick={() => void stop()}>
            Stop
          </Button>
        )}
      </div>
    );
  }
  if (settled(plan)) {
    const undo = plan.undo;
    return (
      <div class="pn-foot sticky">
        <a class="btn ghost" href={url(`audit/instance/${(plan.servers[0] ?? "").replace(/:(\d+)$/, "/$1")}`)}>
          <span>Audit</span>
        </a>
        <span class="muted" />
        {undo && plan.state === "done" && mayOperate.value && (
          <Button icon="undo" onClick={() => void takeBack(undo)}>
            Undo
          </Button>
        )}
        <Button kind="primary" onClick={onClose}>
          Close
        </Button>
      </div>
    );
  }
  if (!mayOperate.value) {
    return (
      <div class="pn-foot sticky">
        <span class="muted">{me.value?.why || "You can look, not change."}</span>
        <Button kind="ghost" onClick={onClose}>
          Close
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
              Type <code>{wanted}</code> to confirm
            </span>
            <input type="text" name="confirm" autocomplete="off" value={confirm} onInput={(event) => setConfirm(event.currentTarget.value)} />
          </label>
          <label>
            <span>{plan.operation === "game-day" ? "What do you expect? It is kept with what happens." : "Why? It goes to the audit."}</span>
            <input type="text" name="reason" value={reason} maxLength={500} onInput={(event) => setReason(event.currentTarget.value)} />
          </label>
        </div>
      )}
      <span class="muted">{hindered.value || (left > 0 ? `Valid for ${span(left)}, as long as the topology stays as it is` : "Expired")}</span>
      <span ref={cancel}>
        <Button kind="ghost" onClick={onClose}>
          Cancel
        </Button>
      </span>
      <button type="submit" ref={act} class={plan.level === 2 ? "btn danger" : "btn primary"} disabled={!ready} aria-describedby={plan.risk ? "plan-risk" : undefined}>
        <span>{verb(plan)}</span>
      </button>
    </form>
  );
}
