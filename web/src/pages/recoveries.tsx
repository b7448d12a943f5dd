import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Recovery } from "../api/types.ts";
import { canAct } from "../model/acting.ts";
import { fleet } from "../model/fleet.ts";
import { useHeading } from "../model/heading.ts";
import { perPage, useList } from "../model/list.ts";
import { mayOperate, me } from "../model/me.ts";
import { listAddress } from "../model/oldaddress.ts";
import { route } from "../model/route.ts";
import { ListView } from "../ui/list.tsx";
import { Icon, Mark } from "../ui/marks.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { count, duration, exactly, text } from "../words/en.ts";
import { recoveryStatus, recoveryWord } from "../words/recovery.ts";
import { short } from "../words/names.ts";
import { ackText, happenedText, recoveriesText } from "../words/lists.ts";
import { OutageStrip } from "./recoveries/strip.tsx";
import { Acknowledge } from "./recovery/acknowledge.tsx";

/** All recoveries and takeovers, newest first. */
export function Recoveries(): JSX.Element {
  useHeading({ title: recoveriesText.recoveries });
  const { path, query } = route.value;
  const address = listAddress(path);
  const cluster = query.get("cluster") ?? address.cluster;
  const of = (name: string): string => query.get(name) ?? "";
  const filters = { cluster, state: of("state"), unacknowledged: of("unacknowledged"), code: of("code"), kind: of("kind"), person: of("person"), node: of("node") };
  const [since, until] = [of("since"), of("until")];
  const [asking, ask] = useState<Recovery | null>(null);
  const list = useList<Recovery>("recoveries", { ...filters, since, until }, {
    skip: address.page * perPage, news: (name, event) => name === "notice" && event.what === "began" && Boolean(event.recovery),
  });
  const name = (key: string | undefined): string => (key ? short(key, me.value?.strip) : "");
  return (
    <>
      <ListView
        list={list} above={<OutageStrip filters={filters} />} label={recoveriesText.recoveries} thing="recovery" name={(row) => row.uid}
        fields={[
          { name: "cluster", label: recoveriesText.cluster, value: cluster },
          { name: "since", label: happenedText.when, value: since, choices: happenedText.spans },
          ...(until === "" ? [] : [{ name: "until", label: happenedText.until, value: until }]),
          { name: "kind", label: recoveriesText.kind, value: filters.kind, choices: recoveriesText.kinds },
          { name: "code", label: recoveriesText.failure, value: filters.code },
          { name: "state", label: recoveriesText.outcome, value: filters.state, choices: [["running", "Running"], ["succeeded", "Succeeded"], ["failed", "Failed"]] },
          { name: "unacknowledged", label: recoveriesText.acknowledged, value: filters.unacknowledged, choices: [["true", recoveriesText.notAcknowledged]] },
          { name: "person", label: happenedText.person, value: filters.person },
          { name: "node", label: happenedText.manager, value: filters.node },
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
          { name: recoveriesText.failure, text: (row) => row.code, show: (row) => <What row={row} /> },
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
          { name: "Lost", class: "num", text: (row) => row.loss?.transactions ?? null, show: (row) => <Lost row={row} /> },
          { name: "By", text: (row) => [row.kind, row.asked_by, row.node].filter(Boolean).join(", "), show: (row) => <By row={row} /> },
          { name: recoveriesText.acknowledged, text: (row) => row.acknowledged?.by ?? "", show: (row) => <Acked row={row} ask={ask} /> },
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
              {row.loss && ` · ${recoveriesText.lostTransactions(row.loss.transactions)}: ${row.loss.basis}`}
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
      {asking && <Acknowledge is={asking} onClose={() => ask(null)} onDone={list.reload} />}
    </>
  );
}

/** What failed; a planned switchover has a glyph of its own, as nothing did. */
const What = ({ row }: { row: Recovery }): JSX.Element =>
  row.kind === "planned" ? (
    <span class="planned-row">
      <Icon name="swap" /> {recoveriesText.planned}
    </span>
  ) : (
    <>{row.code}</>
  );

/** How many transactions were lost with the primary. What is not known is not 0. */
function Lost({ row }: { row: Recovery }): JSX.Element {
  if (row.loss) return <span class={row.loss.transactions > 0 ? "t-crit" : undefined} title={row.loss.basis}>{count(row.loss.transactions)}</span>;
  return <span class="muted">{row.pause_ms === null ? "" : text.unknown}</span>;
}

/** Who did it, and whether a person asked for it. */
const By = ({ row }: { row: Recovery }): JSX.Element => (
  <>
    {row.node}
    {row.kind !== "automatic" && <small class="muted"> {row.asked_by || recoveriesText.byPerson}</small>}
  </>
);

function Acked({ row, ask }: { row: Recovery; ask: (row: Recovery) => void }): JSX.Element {
  if (row.acknowledged) return <>{row.acknowledged.by}</>;
  if (row.state === "running" || !mayOperate.value) return <span class="t-warn">{recoveriesText.notYet}</span>;
  return (
    <button type="button" class="link" disabled={!canAct.value} onClick={() => ask(row)}>
      {ackText.ask}
    </button>
  );
}
