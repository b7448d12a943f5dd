import { useEffect, useState } from "preact/hooks";
import { now } from "../api/client.ts";
import type { Event, RecoveryDetail } from "../api/types.ts";
import { type Resource, useResource } from "./resource.ts";
import { withStep } from "../waterfall/model.ts";

/** What an event makes of a recovery: a step that runs or has ended stands in the event itself. */
export function afterEvent(name: string, event: Event, is: RecoveryDetail | null, uid: string): RecoveryDetail | "reload" | undefined {
  if (event.recovery !== uid && event.recovery !== is?.uid) return undefined;
  if (name !== "step" || !event.step || !is) return "reload";
  const steps = withStep(is.steps, event.step);
  if (!steps || (event.step.state === "done" && event.step.n === is.outage?.until)) return "reload";
  return { ...is, steps };
}

/** A recovery, by its unique name or number, as it runs. */
export const useRecovery = (uid: string | null): Resource<RecoveryDetail> =>
  useResource<RecoveryDetail>(uid === null ? null : `recoveries/${encodeURIComponent(uid)}`, {}, {
    topics: uid === null ? [] : [`recovery:${uid}`],
    on: (name, event, value) => afterEvent(name, event, value, uid!),
  });

/** The moment, by the frame while something runs; it stands still otherwise. */
export function useNow(running: boolean): number {
  const [at, set] = useState(now());
  useEffect(() => {
    if (!running) return;
    let frame = 0;
    const tick = (): void => {
      set(now());
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, [running]);
  return at;
}
