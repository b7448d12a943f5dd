import type { JSX } from "preact";
import type { Cluster, RecoveryPage } from "../api/types.ts";
import { fleet } from "../model/fleet.ts";
import { useResource } from "../model/resource.ts";
import { name } from "../tree/names.ts";
import { Mark } from "../ui/marks.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { replacedText } from "../words/cluster.ts";

/** The reason of the downtime that a recovery begins for a server that it lost. */
const lostInRecovery = "lost-in-recovery";

/** Whether the cluster is what is left of one that goes on elsewhere: a primary that was lost, under its own name. */
export const isLeft = (of: Cluster): boolean => of.members.some((server) => server.key === of.primary && server.downtime?.reason === lostInRecovery);

/** Who took the place of a lost primary, and where its cluster goes on: whoever follows an old address wants to be there. */
export function Replaced({ of }: { of: Cluster }): JSX.Element | null {
  const page = useResource<RecoveryPage>("recoveries", { cluster: of.name }).value;
  const done = page?.items.find((one) => one.failed === of.primary && one.successor);
  if (!done) return null;
  const row = fleet.value?.clusters.find((one) => one.tree.some((dot) => dot.key === done.successor));
  return (
    <p class="finding">
      <Mark status="info" label={false} />
      <span>
        <a class="link" href={url(`audit-recovery/uid/${part(done.uid)}`)}>
          {replacedText.tookOver(name(done.successor), name(done.failed))}
        </a>{" "}
        <Time at={done.started} />.{" "}
        {row && row.name !== of.name && (
          <a class="link" href={url(`cluster/${part(row.name)}`)}>
            {replacedText.goesOn(row.sentence)}
          </a>
        )}
      </span>
    </p>
  );
}
