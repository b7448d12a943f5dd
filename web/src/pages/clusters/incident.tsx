import type { JSX } from "preact";
import type { ClusterRow } from "../../api/types.ts";
import { useNow, useRecovery } from "../../model/recovery.ts";
import { Mark } from "../../ui/marks.tsx";
import { part, url } from "../../url.ts";
import { fall, progress } from "../../waterfall/model.ts";
import { MiniFall } from "../../waterfall/mini.tsx";
import { addressOf } from "./rows.tsx";
import { fleetText } from "../../words/fleet.ts";

/** A recovery that runs: what happens, how far it is, and the way to follow it. */
export function Incident({ row }: { row: ClusterRow }): JSX.Element {
  const { value: is } = useRecovery(row.recovery ?? null);
  const now = useNow(is?.state === "running");
  const far = is && progress(is.steps);
  return (
    <article class="incident" aria-label={fleetText.recoveryRunning(row.alias)}>
      <div class="in-l">
        <div class="in-t">
          <Mark status="run" />
          <a href={addressOf(row)} data-row>
            <b>{row.alias}</b>
          </a>
          {far && far.of > 0 && (
            <span class="pill p-run">
              step {far.at} of {far.of}
            </span>
          )}
        </div>
        <p>
          {row.sentence} {is && <b>{is.headline}</b>} {far?.step && `${far.step.action}, ${far.step.server}.`}
        </p>
        <div class="in-a">
          {row.recovery && (
            <a class="btn primary" href={url(`audit-recovery/uid/${part(row.recovery)}`)}>
              <span>{fleetText.followIt}</span>
            </a>
          )}
          <a class="btn ghost" href={addressOf(row)}>
            <span>{fleetText.topology}</span>
          </a>
        </div>
      </div>
      <div class="in-r">{is && is.steps.length > 0 && <MiniFall fall={fall(is, now)} />}</div>
    </article>
  );
}
