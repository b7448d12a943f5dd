import type { JSX } from "preact";
import type { Cluster, Recovery, RecoveryPage } from "../api/types.ts";
import { useResource } from "../model/resource.ts";
import { Mark } from "../ui/marks.tsx";
import { Empty, Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { duration, plural, type Status } from "../words/en.ts";
import { tabText } from "../words/acts.ts";

const outcome: Record<Recovery["state"], Status> = { running: "run", succeeded: "ok", failed: "crit" };

/** What was repaired in this cluster. */
export function Recoveries({ of }: { of: Cluster }): JSX.Element {
  const list = useResource<RecoveryPage>("recoveries", { cluster: of.alias }, {
    on: (what, event) => (what === "notice" && event.recovery && (event.cluster === of.name || event.alias === of.alias) ? "reload" : undefined),
  });
  return (
    <Loaded of={list}>
      {(page) =>
        page.items.length === 0 ? (
          <Empty title={tabText.noRecoveries}>
            <p>{tabText.nothingRepaired}</p>
          </Empty>
        ) : (
          <section class="sheet">
            <h2>{plural(page.total, "recovery")}</h2>
            <ul class="lines">
              {page.items.map((one) => (
                <li key={one.uid}>
                  <Mark status={outcome[one.state]} />
                  <Time at={one.started} />
                  <a href={url(`audit-recovery/uid/${part(one.uid)}`)}>{one.sentence}</a>
                  <span class="muted">{one.state === "running" ? "runs" : duration(one.took_ms)}</span>
                </li>
              ))}
            </ul>
          </section>
        )
      }
    </Loaded>
  );
}
