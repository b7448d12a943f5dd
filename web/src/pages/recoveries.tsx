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
import { recoveriesText } from "../words/lists.ts";

/** All recoveries and takeovers, newest first. */
export function Recoveries(): JSX.Element {
  useHeading({ title: recoveriesText.recoveries });
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
      list={list} label={recoveriesText.recoveries} thing="recovery" name={(row) => row.uid}
      fields={[
        { name: "cluster", label: recoveriesText.cluster, value: cluster },
        { name: "code", label: recoveriesText.failure, value: code },
        { name: "state", label: recoveriesText.outcome, value: state, choices: [["running", "Running"], ["succeeded", "Succeeded"], ["failed", "Failed"]] },
        { name: "unacknowledged", label: recoveriesText.acknowledged, value: open, choices: [["true", recoveriesText.notAcknowledged]] },
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
        { name: recoveriesText.cluster, text: (row) => row.alias, show: (row) => <a href={url(`cluster/alias/${part(row.alias || row.cluster)}`)}>{row.alias || row.cluster}</a> },
        { name: recoveriesText.failure, text: (row) => row.code, show: (row) => row.code },
        {
          name: recoveriesText.whatBecame, class: "words", text: (row) => row.sentence,
          show: (row) => (
            <a href={url(`audit-recovery/uid/${part(row.uid)}`)}>
              {name(row.failed)} {row.successor ? `→ ${name(row.successor)}` : row.state}
            </a>
          ),
        },
        { name: recoveriesText.noWrites, class: "num", text: (row) => row.pause_ms, show: (row) => (row.pause_ms === null ? "" : duration(row.pause_ms)) },
        { name: "Took", class: "num", text: (row) => row.took_ms, show: (row) => (row.state === "running" ? "runs" : row.took_ms === 0 ? "under 1 s" : duration(row.took_ms)) },
        { name: "Lost", class: "num", text: (row) => row.lost.length, show: (row) => count(row.lost.length) },
        { name: "By", text: (row) => row.node, show: (row) => row.node },
        { name: recoveriesText.acknowledged, text: (row) => row.acknowledged?.by ?? "", show: (row) => (row.acknowledged ? row.acknowledged.by : <span class="t-warn">{recoveriesText.notYet}</span>) },
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
            {exactly(row.started)} to {exactly(row.ended)} {recoveriesText.tookPart} {row.participants.map(name).join(", ") || recoveriesText.nobodyElse}
            {row.lost.length > 0 && ` · lost: ${row.lost.map(name).join(", ")}`}
            {row.acknowledged && recoveriesText.acknowledgedBy(row.acknowledged.by, row.acknowledged.comment)}
          </p>
          <p>
            <a class="link" href={url(`audit-recovery/uid/${part(row.uid)}`)}>
              {recoveriesText.stepsLogPostMortem}
            </a>
          </p>
        </div>
      )}
      empty={<p>{fleet.value ? recoveriesText.ofClustersAreReady(count(fleet.value.ready), count(fleet.value.clusters.length)) : ""}</p>}
    />
  );
}
