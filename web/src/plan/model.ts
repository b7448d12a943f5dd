// The plan that is looked at: asked for, run, stopped, taken back. Nothing is changed in any other way but by declaring.
import { signal } from "@preact/signals";
import { get, Refusal, send } from "../api/client.ts";
import { listen, want } from "../api/events.ts";
import type { Plan, Problem, Undo } from "../api/types.ts";
import { amend, route } from "../model/route.ts";
import { preferences } from "../model/preferences.ts";
import { toast } from "../model/toasts.ts";
import { alarm, say } from "../ui/live.ts";
import { part } from "../url.ts";
import { planAfter, settled } from "./patch.ts";
import { planText } from "../words/plan.ts";

export type Shown = {
  plan: Plan;
  /** The plan that was shown before the world moved. */
  before?: Plan | undefined;
  /** An answer of the server is awaited. */
  busy: boolean;
  /** Why it was not run, or not stopped. */
  problem?: Problem | undefined;
};

export const shown = signal<Shown | null>(null);

/** What a plan was asked for and refused; shown in place of the plan. */
export const refused = signal<{ operation: string; problem: Problem } | null>(null);

/** While a plan is being made: what for. */
export const asking = signal<string | null>(null);

const problemOf = (error: unknown): Problem =>
  error instanceof Refusal ? error.problem : { type: "", title: "", status: 0, detail: String((error as Error).message ?? error) };

let asked = 0;

/** Asks for the plan of an operation and shows it. It says whether there is one. */
export async function ask(operation: string, args: Record<string, string>): Promise<boolean> {
  const mine = ++asked;
  asking.value = operation;
  refused.value = null;
  try {
    const plan = await send<Plan>("POST", "plans", { operation, arguments: args });
    if (mine !== asked) return false;
    show(plan);
    if (plan.level === 0 && preferences.peek().preview === "skip") await run();
    else say(planText.planReadyNothingHasBeen(plan.title));
    return true;
  } catch (error) {
    if (mine !== asked) return false;
    const problem = problemOf(error);
    refused.value = { operation, problem };
    alarm(problem.detail);
    return false;
  } finally {
    if (mine === asked) asking.value = null;
  }
}

let unfollow: (() => void) | undefined;

function show(plan: Plan, before?: Plan): void {
  shown.value = { plan, before, busy: false };
  follow(plan.id);
  if (route.peek().path.split("/")[0] !== "plan") amend({ plan: plan.id, sel: undefined });
}

/** Listens to what becomes of the plan. */
function follow(id: string): void {
  unfollow?.();
  const drop = want("plan:" + id);
  const unlisten = listen({
    event: (name, event) => {
      const is = shown.peek();
      if (!is || is.plan.id !== id) return;
      const plan = planAfter(is.plan, name, event);
      if (plan !== is.plan) took(plan);
    },
    reset: () => void again(id),
  });
  // A plan that runs is read now and then as well: nobody should wait for a word that was lost on its way.
  const timer = setInterval(() => {
    if (shown.peek()?.plan.state === "running") void again(id);
  }, readEvery);
  unfollow = () => {
    drop();
    unlisten();
    clearInterval(timer);
  };
}

/** How often a plan that runs is read beside what the stream tells of it, in milliseconds. */
const readEvery = 2000;

/** Takes in a newer state of the plan that is shown, and tells of its end. */
function took(plan: Plan): void {
  const is = shown.peek();
  if (!is || is.plan.id !== plan.id) return;
  const ended = settled(plan) && !settled(is.plan);
  shown.value = { ...is, plan };
  if (ended) tellEnd(plan);
}

/** Tells what became of a plan. */
function tellEnd(plan: Plan): void {
  if (plan.state === "done") {
    const undo = plan.undo;
    toast({ status: "ok", text: plan.result || plan.title, action: undo ? { name: "Undo", icon: "undo", do: () => void takeBack(undo) } : undefined });
  } else if (plan.state !== "expired") alarm(plan.error ?? plan.title);
}

/** The plans that run and that nobody looks at any more: the frame goes on following them. */
export const underway = signal<readonly Plan[]>([]);

const followed = new Map<string, () => void>();

/** Goes on following a plan that nobody looks at any more, until it has ended or is looked at again. */
export function followEnd(plan: Plan): void {
  const id = plan.id;
  if (followed.has(id) || settled(plan)) return;
  underway.value = [...underway.peek(), plan];
  const takeIn = (next: Plan): void => {
    if (!followed.has(id)) return;
    underway.value = underway.peek().map((one) => (one.id === id ? next : one));
    if (!settled(next)) return;
    unfollowEnd(id);
    tellEnd(next);
    if (next.state !== "done") toast({ status: "crit", text: next.error ?? next.title, details: "plan/" + part(id) });
  };
  const drop = want("plan:" + id);
  const unlisten = listen({
    event: (name, event) => {
      const is = underway.peek().find((one) => one.id === id);
      const next = is && planAfter(is, name, event);
      if (next && next !== is) takeIn(next);
    },
  });
  const timer = setInterval(() => {
    get<Plan>("plans/" + encodeURIComponent(id)).then(takeIn, (error: unknown) => {
      // A plan that nobody knows was that of a manager which leads no more.
      if (error instanceof Refusal && error.problem.status === 404) unfollowEnd(id);
    });
  }, readEvery);
  followed.set(id, () => {
    drop();
    unlisten();
    clearInterval(timer);
  });
}

function unfollowEnd(id: string): void {
  followed.get(id)?.();
  followed.delete(id);
  underway.value = underway.peek().filter((one) => one.id !== id);
}

async function again(id: string): Promise<void> {
  try {
    took(await get<Plan>("plans/" + encodeURIComponent(id)));
  } catch (error) {
    // The stream tells when it is there again; what is shown says of itself how old it is. A plan that nobody knows was that
    // of a manager which leads no more.
    const is = shown.peek();
    if (error instanceof Refusal && error.problem.status === 404 && is?.plan.id === id && is.plan.state === "running") {
      shown.value = { ...is, plan: { ...is.plan, state: "done", result: planText.leaderMoved, undo: null } };
    }
  }
}

/** Shows a plan by its id, as an address names it. */
export async function open(id: string): Promise<void> {
  if (shown.peek()?.plan.id === id) return;
  refused.value = null;
  try {
    const plan = await get<Plan>("plans/" + encodeURIComponent(id));
    shown.value = { plan, busy: false };
    unfollowEnd(id);
    follow(id);
  } catch (error) {
    refused.value = { operation: "", problem: problemOf(error) };
  }
}

/** Carries the plan out. Where the world has moved, the new plan is shown instead, with what is different. */
export async function run(confirm?: string, reason?: string): Promise<void> {
  const is = shown.peek();
  if (!is || is.busy || is.plan.state !== "planned") return;
  shown.value = { ...is, busy: true, problem: undefined };
  try {
    const plan = await send<Plan>("POST", `plans/${encodeURIComponent(is.plan.id)}/run`, { revision: is.plan.revision, confirm, reason });
    const now = shown.peek();
    if (now?.plan.id !== is.plan.id) return;
    shown.value = { ...now, busy: false, before: undefined };
    // The stream may have told of the end already.
    if (!settled(now.plan)) took(plan);
    void again(plan.id);
  } catch (error) {
    const problem = problemOf(error);
    if (shown.peek()?.plan.id !== is.plan.id) return;
    if (problem.plan) {
      show(problem.plan, is.plan);
      alarm(planText.changedSince);
    } else {
      shown.value = { ...is, busy: false, problem };
      alarm(problem.detail);
    }
  }
}

export async function stop(): Promise<void> {
  const is = shown.peek();
  if (!is) return;
  try {
    await send("POST", `plans/${encodeURIComponent(is.plan.id)}/stop`);
  } catch (error) {
    const now = shown.peek();
    if (now) shown.value = { ...now, problem: problemOf(error) };
  }
}

/** Asks for the plan that takes another one back. */
export const takeBack = (undo: Undo): Promise<boolean> => ask(undo.operation, undo.arguments);

/** The undo of the last plan that was run here. */
export const lastUndo = (): Undo | null => (shown.peek()?.plan.state === "done" ? shown.peek()!.plan.undo : null);

/** Shows no plan any more. One that runs goes on. */
export function close(): void {
  asked++;
  asking.value = null;
  refused.value = null;
  const left = shown.peek()?.plan;
  shown.value = null;
  if (left?.state === "running") followEnd(left);
  unfollow?.();
  unfollow = undefined;
  if (route.peek().query.has("plan")) amend({ plan: undefined });
}
