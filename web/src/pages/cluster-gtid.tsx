import type { JSX } from "preact";
import type { Binlogs, Cluster } from "../api/types.ts";
import { useResource } from "../model/resource.ts";
import { Loaded } from "../ui/states.tsx";
import { part } from "../url.ts";
import { Files } from "./binlogs/files.tsx";
import { Held } from "./binlogs/held.tsx";
import { Feeders } from "./binlogs/feeders.tsx";
import { Places, Sets } from "./binlogs/tools.tsx";
import { ErrantServers } from "./cluster-errant.tsx";

/** What each server holds; and what to do about transactions that the source never had. */
export function Gtid({ of }: { of: Cluster }): JSX.Element {
  const held = useResource<Binlogs>(`clusters/${part(of.name)}/binlogs`, {}, {
    topics: ["cluster:" + of.name],
    on: (what, event) => (what === "patch" && event.cluster === of.name ? "reload" : undefined),
  });
  const servers = of.members.map((member) => member.key);
  const first = of.primary ?? servers[0];
  return (
    <>
      <ErrantServers of={of} />
      <Loaded of={held}>
        {(is) => (
          <>
            <Held of={is} />
            <Feeders of={is} />
          </>
        )}
      </Loaded>
      {first && <Files key={of.name} servers={servers} first={first} />}
      <div class="gameday">
        <Sets />
        <Places servers={servers} />
      </div>
    </>
  );
}
