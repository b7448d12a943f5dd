import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Plan } from "../api/types.ts";
import { now } from "../api/client.ts";
import { duration } from "../words/en.ts";
import { planText } from "../words/plan.ts";

/** Since when nobody can write, and until when, by the steps that close the old primary and open the new one. */
export function pause(plan: Pick<Plan, "steps">): { from: number; to?: number | undefined } | undefined {
  const closed = plan.steps.find((step) => step.verb === "close-primary")?.started;
  const opened = plan.steps.find((step) => step.verb === "set-writable" && step.state === "done")?.ended;
  const back = plan.steps.find((step) => step.state === "undone" && step.verb === "set-writable")?.ended;
  const to = opened ?? back;
  return closed ? { from: Date.parse(closed), to: to ? Date.parse(to) : undefined } : undefined;
}

/** How long nobody could write: it counts while that is so. */
export function PauseClock({ of }: { of: Plan }): JSX.Element | null {
  const is = pause(of);
  const [, tick] = useState(0);
  const counting = is !== undefined && is.to === undefined && of.state === "running";
  useEffect(() => {
    if (!counting) return;
    let frame = requestAnimationFrame(function next() {
      tick((n) => n + 1);
      frame = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frame);
  }, [counting]);
  if (!is) return null;
  const ms = Math.max(0, (is.to ?? now()) - is.from);
  if (!counting && is.to === undefined) return null;
  return (
    <p class="pause" role="timer">
      {counting ? planText.noWritesFor : planText.writesPaused}{" "}
      <b>{duration(ms)}</b>
    </p>
  );
}
