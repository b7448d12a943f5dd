// Moving a server, by dragging or by keys. What is allowed the server says, once, when something is picked up.
import { signal } from "@preact/signals";
import { get, Refusal } from "../api/client.ts";
import type { Verdict, Verdicts } from "../api/types.ts";
import { cluster, serverCell } from "../model/cluster.ts";
import { canAct } from "../model/acting.ts";
import { toast, toasts } from "../model/toasts.ts";
import { ask, close } from "../plan/model.ts";
import { say } from "../ui/live.ts";
import { declare } from "./declare.ts";
import { name } from "./names.ts";
import { treeText } from "../words/tree.ts";

export type Moving = {
  /** What is moved; with `all`, what its replicas are moved away from. */
  server: string;
  all: boolean;
  /** Some of the replicas alone. */
  only?: readonly string[] | undefined;
  how: "drag" | "keys" | "sheet";
  /** Of each server; null while they are asked for. */
  verdicts: ReadonlyMap<string, Verdict> | null;
  over?: string | undefined;
  /** The pointer is over the left third: the place of the target is meant. */
  swap: boolean;
};

export const moving = signal<Moving | null>(null);

/** Where the ghost is, on the screen. */
export const ghostAt = signal({ x: 0, y: 0 });

let asked: AbortController | undefined;

/** Picks something up. */
export function pickUp(server: string, how: Moving["how"], of: { all?: boolean; only?: readonly string[] } = {}): void {
  const is = cluster.peek();
  if (!is || !canAct.peek()) return;
  close();
  // What went well before is over: a refusal must not wait behind it.
  toasts.value = toasts.peek().filter((one) => one.status !== "ok");
  moving.value = { server, all: of.all ?? false, only: of.only, how, verdicts: null, swap: false };
  asked?.abort();
  const mine = (asked = new AbortController());
  get<Verdicts>(`clusters/${encodeURIComponent(is.name)}/moves`, { server, all: of.all ? "true" : undefined }, mine.signal).then(
    (answer) => {
      const now = moving.peek();
      if (mine.signal.aborted || !now) return;
      const verdicts = new Map(answer.verdicts.map((verdict) => [verdict.target, verdict]));
      moving.value = { ...now, verdicts };
      if (how === "keys") say(treeText.moving(what(now), plain(count(verdicts))));
    },
    (error: unknown) => {
      if (mine.signal.aborted) return;
      putDown();
      const problem = error instanceof Refusal ? error.problem.detail : String(error);
      toast({ status: "crit", text: problem });
    },
  );
}

const count = (verdicts: ReadonlyMap<string, Verdict>): number => [...verdicts.values()].filter((verdict) => verdict.ok).length;
const plain = (n: number): string => (n === 1 ? treeText.onePossibleSource : treeText.possibleSources(n));

/** What is moved, in words. */
export const what = (of: Moving): string => (of.only ? `${of.only.length} replicas` : of.all ? treeText.theReplicas(name(of.server)) : name(of.server));

/** The verdict on a target; undefined while it is not known. A server may always take the place that its swap names. */
export const verdictOn = (of: Moving, target: string): Verdict | undefined => of.verdicts?.get(target);

/** Whether a server is one of those that are moved: nobody goes below itself. */
const isMoved = (of: Moving, server: string): boolean => (of.only ? of.only.includes(server) : !of.all && of.server === server);

/** What a card looks like while something is moved. */
export function looks(of: Moving | null, server: string): string {
  if (!of) return "";
  if (isMoved(of, server)) return "source";
  const verdict = verdictOn(of, server);
  if (!verdict) return "";
  const over = of.over === server ? " over" : "";
  return (verdict.ok || verdict.swap ? (verdict.kind === "costly" ? "can far-can" : "can") : "cannot") + over;
}

/** Whether dropping there does something. */
export const allowed = (of: Moving, server: string): boolean => {
  const verdict = verdictOn(of, server);
  return verdict !== undefined && (verdict.ok || verdict.swap !== undefined) && !isMoved(of, server);
};

/** Whether another operation is meant than going below: over the left third, where that alone is possible, and back onto the source. */
export const meansSwap = (of: Moving, verdict: Verdict): boolean => verdict.swap !== undefined && (of.swap || !verdict.ok || verdict.target === of.server);

/** What dropping would do, in a few words, for the label inside the target. */
export function effect(of: Moving, verdict: Verdict): string {
  if (meansSwap(of, verdict)) return treeText.swaps[verdict.swap!] ?? verdict.swap!;
  return verdict.ok ? "below" : "";
}

/** The pointer, or the focus, is over a target, or over none. */
export function hover(target: string | undefined, swap: boolean): void {
  const is = moving.peek();
  if (!is || (is.over === target && is.swap === swap)) return;
  moving.value = { ...is, over: target, swap };
  const verdict = target === undefined ? undefined : verdictOn(is, target);
  if (verdict && is.how === "keys") say(sentence({ ...is, swap }, verdict));
}

/** The verdict in words. */
export function sentence(of: Moving, verdict: Verdict): string {
  if (meansSwap(of, verdict)) return treeText.swapping(verdict.swap!, what(of), name(verdict.target));
  return verdict.ok ? verdict.text : treeText.notPossible(verdict.text, verdict.rule ?? "");
}

/** Stops moving; nothing has happened. */
export function putDown(): void {
  asked?.abort();
  moving.value = null;
}

/** Drops what is moved: onto a target its plan is asked for, or the refusal stays on the screen. */
export function drop(target: string | undefined, swap: boolean): void {
  const is = moving.peek();
  putDown();
  if (!is || target === undefined || isMoved(is, target)) return;
  const verdict = verdictOn(is, target);
  if (!verdict) return;
  if (verdict.swap && meansSwap({ ...is, swap }, verdict)) {
    // The co-primary is made by the replica that is put onto; the others are about what is moved.
    if (verdict.swap === "make-co-master") void ask(verdict.swap, { instance: target });
    else if (!verdict.swap.includes("takeover")) void ask(verdict.swap, { instance: is.server });
    else void ask(verdict.swap, { cluster: cluster.peek()!.name, destination: is.server });
    return;
  }
  if (!verdict.ok) {
    refuse(is, verdict);
    return;
  }
  if (!is.all) void ask("relocate", { instance: is.server, destination: target });
  else void ask("relocate-replicas", { instance: is.server, destination: target, ...(is.only && { pattern: patternOf(is.only) }) });
}

/** Keeps a refusal on the screen, with the nearest thing that works. */
function refuse(of: Moving, verdict: Verdict): void {
  const instead = verdict.instead;
  const near = instead ? treeText.belowItWouldWork(name(instead)) : "";
  const remedy = verdict.remedy ? treeText.remedy(verdict.remedy) : "";
  toast({
    status: "warn",
    text: treeText.refused(verdict.text, verdict.rule ?? "") + remedy + near,
    action: instead && !of.all ? { name: treeText.moveBelow(name(instead)), do: () => void ask("relocate", { instance: of.server, destination: instead }) } : undefined,
    more: of.all && !of.only ? undefined : { name: treeText.why, do: () => declare("move", of.only ?? [of.server]) },
  });
}

/** The pattern that means exactly these servers. */
export const patternOf = (keys: readonly string[]): string => `^(${keys.map((key) => key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})$`;

/** The source that all of these replicate from; undefined when it is not one. */
export function commonSource(keys: readonly string[]): string | undefined {
  const sources = new Set(keys.map((key) => serverCell(key)?.peek().source));
  return sources.size === 1 ? [...sources][0] : undefined;
}
