import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { CheckPoint, Plan, Step } from "../api/types.ts";
import { Icon, Mark } from "../ui/marks.tsx";
import { duration, type Status } from "../words/en.ts";
import { name } from "../tree/names.ts";
import { planText } from "../words/plan.ts";

/** What was looked at, each with its rule. */
export const Checks = ({ of }: { of: CheckPoint[] }): JSX.Element => (
  <ul class="gates">
    {of.map((check) => (
      <li key={check.rule + check.text} class={check.ok ? "g-y" : "g-n"}>
        <Icon name={check.ok ? "check" : "x"} />
        <div>
          <span>{check.text}</span>
          <small>
            <span class="vh">{check.ok ? planText.holds : planText.doesNotHold} </span>
            {check.rule && planText.rule(check.rule)}
          </small>
        </div>
      </li>
    ))}
  </ul>
);

const classes: Record<Step["state"], string> = { waiting: "", running: "now", done: "done", failed: "bad", skipped: "skip", undone: "skip" };
const marks: Partial<Record<Step["state"], Status>> = { running: "run", failed: "crit" };
const words: Record<Step["state"], string> = {
  waiting: planText.notYet, running: planText.atWork, done: "done", failed: "failed", skipped: planText.leftOut, undone: planText.takenBack,
};

/** A plan with more steps than these begins folded. */
const many = 14;

/** The steps of a plan, and how far they are. */
export function Steps({ of }: { of: Plan }): JSX.Element {
  const [all, show] = useState(false);
  const folded = !all && of.state === "planned" && of.steps.length > many;
  const steps = folded ? of.steps.slice(0, many) : of.steps;
  return (
    <>
      <ol class="steps">
        {steps.map((step) => (
          <OneStep key={`${step.n} ${step.phase} ${step.server} ${step.verb}`} step={step} moving={of.state !== "planned"} />
        ))}
      </ol>
      {folded && (
        <button type="button" class="link" onClick={() => show(true)}>
          All {of.steps.length} steps
        </button>
      )}
    </>
  );
}

function OneStep({ step, moving }: { step: Step; moving: boolean }): JSX.Element {
  const mark = marks[step.state];
  return (
    <li class={classes[step.state]}>
      <span class="n">{mark ? <Mark status={mark} label={false} /> : step.state === "done" ? <Icon name="check" /> : step.n}</span>
      <div>
        <span>
          <b>{step.action}</b> <span class="muted">{name(step.server)}</span>
        </span>
        {moving && <span class="vh">{words[step.state]}</span>}
        <small>{step.why}</small>
        <small>
          {step.took_ms !== null
            ? `took ${duration(step.took_ms)}${step.estimate_ms === null ? "" : `, foretold ${duration(step.estimate_ms)}`}`
            : step.until && planText.doneWhen(step.until)}
        </small>
        {step.undo && !moving && <small>{planText.takenBackBy} {step.undo}</small>}
        {step.no_return && <small class="t-warn">{planText.notUndone}</small>}
        {step.may_fail && step.state === "failed" && <small>{planText.mayFail}</small>}
        {step.note && <small>{step.note}</small>}
        {step.error && <code class="stmt t-crit">{step.error}</code>}
      </div>
    </li>
  );
}
