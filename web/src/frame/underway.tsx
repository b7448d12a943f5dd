import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { get } from "../api/client.ts";
import type { Plan, PlanRowPage } from "../api/types.ts";
import { me } from "../model/me.ts";
import { followEnd, shown, underway } from "../plan/model.ts";
import { Mark } from "../ui/marks.tsx";
import { part, url } from "../url.ts";
import { planText } from "../words/plan.ts";

/** The plans that somebody has begun here and has left: how far they are, on every screen, and the way back to them. */
export function Underway(): JSX.Element | null {
  useEffect(() => {
    const own = me.peek()?.name;
    if (own) void findOwn(own);
  }, []);
  if (underway.value.length === 0) return null;
  return (
    <section class="underway" aria-label={planText.underway}>
      {underway.value.map((plan) => (
        <a key={plan.id} href={url("plan/" + part(plan.id))}>
          <Mark status="run" />
          <b>{plan.title}</b>
          <span>{planText.stepOf(Math.min(plan.steps_done + 1, plan.steps_total), plan.steps_total)}</span>
        </a>
      ))}
    </section>
  );
}

/** Those that were begun before the page was loaded anew. Where it is not told who one is, none is one's own. */
async function findOwn(own: string): Promise<void> {
  try {
    const page = await get<PlanRowPage>("plans", { state: "running" });
    for (const row of page.items) if (row.user === own && row.id !== shown.peek()?.plan.id) followEnd(await get<Plan>("plans/" + encodeURIComponent(row.id)));
  } catch {
    // They go on all the same, and the clusters tell of what is changed.
  }
}
