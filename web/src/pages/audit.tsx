import type { JSX } from "preact";
import type { AuditRecord, ConfigView } from "../api/types.ts";
import { useHeading } from "../model/heading.ts";
import { perPage, useList } from "../model/list.ts";
import { listAddress } from "../model/oldaddress.ts";
import { useResource } from "../model/resource.ts";
import { route } from "../model/route.ts";
import { ListView } from "../ui/list.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { exactly } from "../words/en.ts";
import { auditText, happenedText } from "../words/lists.ts";

/** Who did what, newest first. */
export function Audit(): JSX.Element {
  useHeading({ title: auditText.audit });
  const { path, query } = route.value;
  const address = listAddress(path);
  const instance = query.get("instance") ?? address.instance;
  const cluster = query.get("cluster") ?? address.cluster;
  const kind = query.get("kind") ?? "";
  const of = (name: string): string => query.get(name) ?? "";
  const [person, node, what, since, until] = [of("person"), of("node"), of("text"), of("since"), of("until")];
  const [plan, recovery] = [of("of"), of("recovery")];
  const list = useList<AuditRecord>("audit", { instance, cluster, kind, person, node, text: what, plan, recovery, since, until }, {
    skip: address.page * perPage, topics: ["audit"],
    // What an event does not tell is no news here: by whom, and where.
    news: (name, event) => name === "audit" && person === "" && node === "" && plan === "" && recovery === "" && until === "" && (event.audit?.message ?? "").toLowerCase().includes(what.toLowerCase()) && (kind === "" || event.audit?.kind === kind) && (cluster === "" || event.cluster === cluster) && (instance === "" || event.server === instance),
  });
  return (
    <ListView
      list={list} label={auditText.audit} thing="entry" name={(row) => String(row.id)}
      fields={[
        { name: "instance", label: auditText.serverAsHostPort, value: instance },
        { name: "cluster", label: auditText.clusterByName, value: cluster },
        { name: "since", label: happenedText.when, value: since, choices: happenedText.spans },
        ...(until === "" ? [] : [{ name: "until", label: happenedText.until, value: until }]),
        { name: "kind", label: auditText.kind, value: kind },
        { name: "text", label: auditText.what, value: what },
        { name: "person", label: happenedText.person, value: person },
        { name: "node", label: happenedText.manager, value: node },
        ...(plan === "" ? [] : [{ name: "of", label: auditText.plan, value: plan }]),
        ...(recovery === "" ? [] : [{ name: "recovery", label: auditText.recovery, value: recovery }]),
      ]}
      columns={[
        { name: "When", text: (row) => exactly(row.at), show: (row) => <Time at={row.at} /> },
        { name: auditText.kind, text: (row) => row.kind, show: (row) => <a href={url("audit", { kind: row.kind })}>{row.kind}</a> },
        { name: "Server", text: (row) => row.server ?? "", show: (row) => row.server && <a href={url("audit", { instance: row.server })}><code>{row.server}</code></a> },
        { name: "Cluster", text: (row) => row.cluster ?? "", show: (row) => row.cluster && <a href={url("audit", { cluster: row.cluster })}>{row.cluster}</a> },
        { name: auditText.what, class: "words", text: (row) => row.message, show: (row) => withoutPerson(row) },
        { name: "By", text: (row) => row.person ?? "", show: (row) => row.person && <a href={url("audit", { person: row.person })}>{row.person}</a> },
        { name: happenedText.manager, text: (row) => row.node ?? "", show: (row) => row.node },
        { name: auditText.partOf, text: (row) => row.recovery ?? row.plan ?? "", show: (row) => <PartOf row={row} /> },
      ]}
      empty={<WhyEmpty />}
    />
  );
}

/** The plan that somebody had carried out, and the recovery. */
const PartOf = ({ row }: { row: AuditRecord }): JSX.Element => (
  <>
    {row.recovery && <a href={url(`audit-recovery/uid/${part(row.recovery)}`)}>{auditText.itsRecovery}</a>}{" "}
    {row.plan && <a href={url(`plan/${part(row.plan)}`)}>{auditText.itsPlan}</a>}
  </>
);

/** What was done; who did it has a column of its own. */
function withoutPerson({ message, person }: AuditRecord): string {
  const by = ` (by ${person})`;
  return person && message.endsWith(by) ? message.slice(0, -by.length) : message;
}

/** Says which setting turns the audit on, where it is off. */
function WhyEmpty(): JSX.Element | null {
  const { value } = useResource<ConfigView>("config");
  const key = value?.keys.find((key) => key.name === "AuditToBackendDB");
  if (!key) return null;
  return key.value === true ? <p>{auditText.nothingWasDone}</p> : <p>{auditText.auditOff} {key.meaning}</p>;
}
