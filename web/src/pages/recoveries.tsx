import type { JSX } from "preact";
import type { Recovery } from "../api/types.ts";
import { fleet } from "../model/fleet.ts";
import { useHeading } from "../model/heading.ts";
import { perPage, useList } from "../model/list.ts";
import { me } from "../model/me.ts";
import { listAddress } from "../model/oldaddress.ts";
import { route } from "../model/route.ts";
import { ListView } from "../ui/list.tsx";
import { Mark } from "../ui/marks.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { count, duration, exactly } from "../words/en.ts";
import { recoveryStatus, recoveryWord } from "../words/recovery.ts";
import { short } from "../words/names.ts";

/** All recoveries and takeovers, newest first. */
export function Recoveries(): JSX.Element {
  useHeading({ title: "Recoveries" });
  const { path, query } = route.value;
  const address = listAddress(path);
  const cluster = query.get("cluster") ?? address.cluster;
  const [state, open, code] = [query.get("state") ?? "", query.get("unacknowledged") ?? "", query.get("code") ?? ""];
  const list = useList<Recovery>("recoveries", { cluster, state, unacknowledged: open, code }, {
    skip: address.page * perPage, news: (name, event) => name === "notice" && event.what === "began" && Boolean(event.recovery),
  });
  const name = (key: string | undefined): string => (key ? short(key, me.value?.strip) : "");
  return (
    <ListView
      list={list} label="Recoveries" thing="recovery" name={(row) => row.uid}
      fields={[
        { name: "cluster", label: "Cluster", value: cluster },
        { name: "code", label: "Failure", value: code },
        { name: "state", label: "Outcome", value: state, choices: [["running", "Running"], ["succeeded", "Succeeded"], ["failed", "Failed"]] },
        { name: "unacknowledged", label: "Acknowledged", value: open, choices: [["true", "Not acknowledged"]] },
      ]}
      columns={[
        {
          name: "When", text: (row) => exactly(row.started),
          show: (row) => (
            <>
              <Mark status={recoveryStatus[row.state]} label={recoveryWord[row.state]} /> <Time at={row.started} />
            </>
          ),
        },
        { name: "Cluster", text: (row) => row.alias, show: (row) => <a href={url(`cluster/alias/${part(row.alias || row.cluster)}`)}>{row.alias || row.cluster}</a> },
        { name: "Failure", text: (row) => row.code, show: (row) => row.code },
        {
          name: "What became of it", class: "words", text: (row) => row.sentence,
          show: (row) => (
            <a href={url(`audit-recovery/uid/${part(row.uid)}`)}>
              {name(row.failed)} {row.successor ? `→ ${name(row.successor)}` : row.state}
            </a>
          ),
        },
        { name: "Took", class: "num", text: (row) => row.took_ms, show: (row) => (row.state === "running" ? "runs" : row.took_ms === 0 ? "under 1 s" : duration(row.took_ms)) },
        { name: "Lost", class: "num", text: (row) => row.lost.length, show: (row) => count(row.lost.length) },
        { name: "By", text: (row) => row.node, show: (row) => row.node },
        { name: "Acknowledged", text: (row) => row.acknowledged?.by ?? "", show: (row) => (row.acknowledged ? row.acknowledged.by : <span class="t-warn">not yet</span>) },
      ]}
      opened={(row) => !row.acknowledged && row.state === "failed"}
      detail={(row) => (
        <div class="opened">
          <p>{row.sentence}</p>
          {row.errors.map((error, n) => (
            <p key={n} class="t-crit">
              {error}
            </p>
          ))}
          <p class="small">
            {exactly(row.started)} to {exactly(row.ended)} · took part: {row.participants.map(name).join(", ") || "nobody else"}
            {row.lost.length > 0 && ` · lost: ${row.lost.map(name).join(", ")}`}
            {row.acknowledged && ` · acknowledged by ${row.acknowledged.by}: ${row.acknowledged.comment}`}
          </p>
          <p>
            <a class="link" href={url(`audit-recovery/uid/${part(row.uid)}`)}>
              Steps, log, post-mortem
            </a>
          </p>
        </div>
      )}
      empty={<p>{fleet.value ? `${count(fleet.value.ready)} of ${count(fleet.value.clusters.length)} clusters are ready for one.` : ""}</p>}
    />
  );
}
