import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { rowOf } from "../model/fleet.ts";
import { useHeading } from "../model/heading.ts";
import { go, route } from "../model/route.ts";
import { part } from "../url.ts";
import { close, open, shown } from "./model.ts";
import { PlanPanel } from "./panel.tsx";
import { planText } from "../words/plan.ts";

/** A plan on a page of its own: before, while and after it runs. */
export function PlanPage(): JSX.Element {
  const id = decodeURIComponent(route.value.path.split("/")[1] ?? "");
  useEffect(() => {
    void open(id);
    return close;
  }, [id]);
  const plan = shown.value?.plan;
  const alias = plan && (rowOf(plan.cluster)?.alias ?? plan.cluster);
  useHeading({
    title: planText.plan,
    trail: [{ name: "Clusters", path: "clusters" }, ...(alias ? [{ name: alias, path: `cluster/alias/${part(alias)}` }] : [])],
  });
  // An undo, or the plan after the world moved, is another plan with another address.
  useEffect(() => {
    if (plan && plan.id !== id) go("plan/" + part(plan.id), {}, true);
  }, [plan?.id]);
  return (
    <div class="sheet plan-page">
      <PlanPanel onClose={() => go(alias ? `cluster/alias/${part(alias)}` : "clusters")} />
    </div>
  );
}
