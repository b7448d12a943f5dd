// What becomes of a plan that is shown. Pure.
import type { Event, Plan, Step } from "../api/types.ts";
import { duration } from "../words/en.ts";
import { planText } from "../words/plan.ts";

/** What an event makes of a plan; the same plan when it is about another one. */
export function planAfter(is: Plan, name: string, event: Event): Plan {
  if (name === "plan" && event.plan?.id === is.id) {
    const late = settled(is) && !settled(event.plan);
    return late ? is : event.plan;
  }
  if (name !== "step" || !event.step || !event.topics.includes("plan:" + is.id)) return is;
  const told = event.step;
  const same = (step: Step): boolean => step.n === told.n && step.phase === told.phase && step.server === told.server && step.verb === told.verb;
  const steps = is.steps.some(same) ? is.steps.map((step) => (same(step) ? told : step)) : [...is.steps, told];
  const done = steps.filter((step) => step.state === "done" || step.state === "skipped").length;
  return { ...is, steps, steps_done: done, state: is.state === "planned" ? "running" : is.state };
}

export const settled = (plan: Plan): boolean => plan.state === "done" || plan.state === "failed" || plan.state === "stopped" || plan.state === "expired";

/** In what a plan differs from the one that was shown before; the server has said each sentence. */
export function differences(before: Plan, now: Plan): string[] {
  const said: string[] = [];
  if (before.title !== now.title) said.push(now.title);
  const checks = new Map(before.checks.map((check) => [check.rule + check.text, check.ok]));
  for (const check of now.checks) if (checks.get(check.rule + check.text) !== check.ok) said.push(check.text);
  const steps = new Set(before.steps.map((step) => `${step.server}: ${step.action}`));
  const later = new Set(now.steps.map((step) => `${step.server}: ${step.action}`));
  for (const step of later) if (!steps.has(step)) said.push(`New: ${step}`);
  for (const step of steps) if (!later.has(step)) said.push(planText.notAnyMore(step));
  for (const warning of now.warnings) if (!before.warnings.includes(warning)) said.push(warning);
  if (before.risk !== now.risk) said.push(now.risk || planText.riskGone);
  for (const lost of now.lost) if (!before.lost.some((other) => other.server === lost.server)) said.push(`${lost.server}: ${lost.reason}`);
  return said;
}

/** How long it took, as far as its times tell. */
export function took(plan: Plan): string | undefined {
  if (!plan.started || !plan.ended) return undefined;
  return duration(Date.parse(plan.ended) - Date.parse(plan.started));
}

/** How long it was to take, as far as that was known. */
export function foretold(plan: Plan): string | undefined {
  const ms = plan.numbers.find((number) => number.name === "duration")?.ms;
  return ms == null ? undefined : duration(ms);
}
