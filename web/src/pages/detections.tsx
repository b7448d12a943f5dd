import type { JSX } from "preact";
import type { Detection } from "../api/types.ts";
import { useHeading } from "../model/heading.ts";
import { perPage, useList } from "../model/list.ts";
import { me } from "../model/me.ts";
import { listAddress } from "../model/oldaddress.ts";
import { route } from "../model/route.ts";
import { ListView } from "../ui/list.tsx";
import { Mark } from "../ui/marks.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { count, exactly } from "../words/en.ts";
import { short } from "../words/names.ts";

/** What was found, and whether it was acted on. */
export function Detections(): JSX.Element {
  useHeading({ title: "Detections" });
  const { path, query } = route.value;
  const address = listAddress(path);
  const cluster = query.get("cluster") ?? address.cluster;
  const code = query.get("code") ?? "";
  const id = query.get("id") ?? address.id;
  const list = useList<Detection>("detections", { cluster, code, id }, {
    skip: address.page * perPage, news: (name, event) => name === "notice" && event.what === "detected",
  });
  return (
    <ListView
      list={list} label="Detections" thing="detection" name={(row) => String(row.id)}
      fields={[{ name: "cluster", label: "Cluster", value: cluster }, { name: "code", label: "Failure", value: code }, { name: "id", label: "Number", value: id }]}
      columns={[
        { name: "When", text: (row) => exactly(row.started), show: (row) => <><Mark status={row.active ? "warn" : "info"} label={row.active ? "counts still" : "over"} /> <Time at={row.started} /></> },
        { name: "Failure", text: (row) => row.code, show: (row) => row.code },
        { name: "Server", text: (row) => row.server, show: (row) => <code>{short(row.server, me.value?.strip)}</code> },
        { name: "Cluster", text: (row) => row.alias, show: (row) => <a href={url(`cluster/alias/${part(row.alias || row.cluster)}`)}>{row.alias || row.cluster}</a> },
        { name: "Replicas", class: "num", text: (row) => row.replicas, show: (row) => count(row.replicas) },
        {
          name: "Acted on", text: (row) => (row.recovery ? "yes" : "no"),
          show: (row) => (row.recovery ? <a href={url(`audit-recovery/id/${row.recovery}`)}>yes, recovery {row.recovery}</a> : row.actionable ? "no" : "no: nothing is repaired by itself for this"),
        },
        { name: "By", text: (row) => row.node, show: (row) => row.node },
      ]}
      opened={(row) => String(row.id) === id}
      detail={(row) => (
        <div class="opened">
          <p>{row.sentence}</p>
          <p class="small">
            {exactly(row.started)} {row.ended && `to ${exactly(row.ended)}`}
            {row.active && " · the same failure is not registered again yet"}
          </p>
        </div>
      )}
      empty={<p>Nothing has failed as far as the records go.</p>}
    />
  );
}
