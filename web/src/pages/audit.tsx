import type { JSX } from "preact";
import type { AuditRecord, ConfigView } from "../api/types.ts";
import { useHeading } from "../model/heading.ts";
import { perPage, useList } from "../model/list.ts";
import { listAddress } from "../model/oldaddress.ts";
import { useResource } from "../model/resource.ts";
import { route } from "../model/route.ts";
import { ListView } from "../ui/list.tsx";
import { Time } from "../ui/time.tsx";
import { url } from "../url.ts";
import { exactly } from "../words/en.ts";
import { auditText } from "../words/lists.ts";

/** Who did what, newest first. */
export function Audit(): JSX.Element {
  useHeading({ title: auditText.audit });
  const { path, query } = route.value;
  const address = listAddress(path);
  const instance = query.get("instance") ?? address.instance;
  const cluster = query.get("cluster") ?? address.cluster;
  const kind = query.get("kind") ?? "";
  const list = useList<AuditRecord>("audit", { instance, cluster, kind }, {
    skip: address.page * perPage, topics: ["audit"],
    news: (name, event) => name === "audit" && (kind === "" || event.audit?.kind === kind) && (cluster === "" || event.cluster === cluster) && (instance === "" || event.server === instance),
  });
  return (
    <ListView
      list={list} label={auditText.audit} thing="entry" name={(row) => String(row.id)}
      fields={[{ name: "instance", label: auditText.serverAsHostPort, value: instance }, { name: "cluster", label: auditText.clusterByName, value: cluster }, { name: "kind", label: auditText.kind, value: kind }]}
      columns={[
        { name: "When", text: (row) => exactly(row.at), show: (row) => <Time at={row.at} /> },
        { name: auditText.kind, text: (row) => row.kind, show: (row) => <a href={url("audit", { kind: row.kind })}>{row.kind}</a> },
        { name: "Server", text: (row) => row.server ?? "", show: (row) => row.server && <a href={url("audit", { instance: row.server })}><code>{row.server}</code></a> },
        { name: "Cluster", text: (row) => row.cluster ?? "", show: (row) => row.cluster && <a href={url("audit", { cluster: row.cluster })}>{row.cluster}</a> },
        { name: "What", class: "words", text: (row) => row.message, show: (row) => row.message },
      ]}
      empty={<WhyEmpty />}
    />
  );
}

/** Says which setting turns the audit on, where it is off. */
function WhyEmpty(): JSX.Element | null {
  const { value } = useResource<ConfigView>("config");
  const key = value?.keys.find((key) => key.name === "AuditToBackendDB");
  if (!key) return null;
  return key.value === true ? <p>{auditText.nothingWasDone}</p> : <p>{auditText.auditOff} {key.meaning}</p>;
}
