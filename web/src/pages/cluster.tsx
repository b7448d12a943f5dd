import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { Cluster, Server } from "../api/types.ts";
import { announceCluster } from "../model/custom.ts";
import { useHeading } from "../model/heading.ts";
import { me } from "../model/me.ts";
import { opened } from "../model/recent.ts";
import { useResource } from "../model/resource.ts";
import { amend, route } from "../model/route.ts";
import { selection } from "../model/selection.ts";
import { Mark } from "../ui/marks.tsx";
import { Loaded } from "../ui/states.tsx";
import { type Column, Sorted } from "../ui/table.tsx";
import { part } from "../url.ts";
import { span } from "../words/en.ts";
import { short } from "../words/names.ts";

/** The name, alias or member by which an address names a cluster. */
export function clusterIn(path: string): string {
  const [, first = "", ...rest] = path.split("/").map(decodeURIComponent);
  if (first === "alias") return rest[0] ?? "";
  return first === "instance" ? rest.join(":") : first;
}

const columns: Column<Server>[] = [
  { id: "status", name: "Status", value: (row) => row.status, show: (row) => <Mark status={row.status} /> },
  { id: "server", name: "Server", value: (row) => row.key, show: (row) => <code data-row tabIndex={0}>{short(row.key, me.value?.strip)}</code> },
  { id: "role", name: "Role", value: (row) => row.role },
  { id: "source", name: "Source", value: (row) => row.source ?? "", show: (row) => (row.source ? short(row.source, me.value?.strip) : "") },
  { id: "lag", name: "Lag", number: true, value: (row) => row.lag_s, show: (row) => (row.source ? span(row.lag_s) : "") },
  { id: "words", name: "In words", value: (row) => row.sentence },
  { id: "version", name: "Version", value: (row) => row.version },
  { id: "site", name: "Site", value: (row) => row.site ?? "" },
];

/** A cluster with its servers in a table. */
export function ClusterPage(): JSX.Element {
  const name = clusterIn(route.value.path);
  const cluster = useResource<Cluster>(`clusters/${part(name)}`, {}, {
    topics: [`cluster:${name}`],
    on: (kind, event, value) => (kind === "patch" && value && (event.cluster === value.name || event.alias === value.alias) ? "reload" : undefined),
  });
  const is = cluster.value;
  useHeading({ title: is?.alias ?? name, status: is?.status, trail: [{ name: "Clusters", path: "clusters" }] });
  useEffect(() => {
    if (!is) return;
    opened(is.alias);
    selection.value = { cluster: is.alias, servers: [route.peek().query.get("sel") ?? is.primary ?? ""].filter(Boolean) };
    announceCluster();
    return () => void (selection.value = { cluster: null, servers: [] });
  }, [is?.alias, is?.revision]);
  const [by = "server", down] = (route.value.query.get("by") ?? "").split("-");
  return (
    <Loaded of={cluster}>
      {(value) => (
        <>
          <div class="hero">
            <p class="big">{value.sentence}</p>
            <p>{value.forecast?.sentence}</p>
          </div>
          <Sorted columns={columns} rows={value.members} name={(row) => row.key} by={by} down={down === "down"} label="Servers" onSort={(id, down) => amend({ by: down ? `${id}-down` : id })} />
        </>
      )}
    </Loaded>
  );
}
