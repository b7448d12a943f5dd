import type { JSX } from "preact";
import type { Detection, DetectionDetail } from "../api/types.ts";
import { useHeading } from "../model/heading.ts";
import { perPage, useList } from "../model/list.ts";
import { me } from "../model/me.ts";
import { listAddress } from "../model/oldaddress.ts";
import { useResource } from "../model/resource.ts";
import { route } from "../model/route.ts";
import { ListView } from "../ui/list.tsx";
import { Mark } from "../ui/marks.tsx";
import { Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { count, exactly } from "../words/en.ts";
import { short } from "../words/names.ts";
import { detectionsText, happenedText } from "../words/lists.ts";

/** What was found, and whether it was acted on. */
export function Detections(): JSX.Element {
  useHeading({ title: detectionsText.detections });
  const { path, query } = route.value;
  const address = listAddress(path);
  const cluster = query.get("cluster") ?? address.cluster;
  const code = query.get("code") ?? "";
  const id = query.get("id") ?? address.id;
  const of = (name: string): string => query.get(name) ?? "";
  const [acted, node, since, until] = [of("acted"), of("node"), of("since"), of("until")];
  const list = useList<Detection>("detections", { cluster, code, id, acted, node, since, until }, {
    skip: address.page * perPage, news: (name, event) => name === "notice" && event.what === "detected",
  });
  return (
    <ListView
      list={list} label={detectionsText.detections} thing="detection" name={(row) => String(row.id)}
      fields={[
        { name: "cluster", label: detectionsText.cluster, value: cluster },
        { name: "since", label: happenedText.when, value: since, choices: happenedText.spans },
        ...(until === "" ? [] : [{ name: "until", label: happenedText.until, value: until }]),
        { name: "code", label: detectionsText.failure, value: code },
        { name: "acted", label: detectionsText.actedOn, value: acted, choices: [["true", detectionsText.wasActedOn], ["false", detectionsText.wasNot]] },
        { name: "node", label: happenedText.manager, value: node },
        { name: "id", label: detectionsText.number, value: id },
      ]}
      columns={[
        { name: "When", text: (row) => exactly(row.started), show: (row) => <><Mark status={row.active ? "warn" : "info"} label={row.active ? detectionsText.countsStill : "over"} /> <Time at={row.started} /></> },
        { name: detectionsText.failure, text: (row) => row.code, show: (row) => row.code },
        { name: "Server", text: (row) => row.server, show: (row) => <code>{short(row.server, me.value?.strip)}</code> },
        { name: detectionsText.cluster, text: (row) => row.alias, show: (row) => <a href={url(`cluster/alias/${part(row.alias || row.cluster)}`)}>{row.alias || row.cluster}</a> },
        { name: "Replicas", class: "num", text: (row) => row.replicas, show: (row) => count(row.replicas) },
        {
          name: detectionsText.actedOn, class: "words", text: (row) => (row.recovery ? detectionsText.yes : detectionsText.no(row.held?.reason)),
          show: (row) => (row.recovery ? <a href={url(`audit-recovery/id/${row.recovery}`)}>{detectionsText.yesRecovery} {row.recovery}</a> : detectionsText.no(row.held?.reason)),
        },
        { name: "By", text: (row) => row.node, show: (row) => row.node },
      ]}
      opened={(row) => String(row.id) === id}
      detail={(row) => (
        <div class="opened">
          <p>{row.sentence}</p>
          <p class="small">
            {exactly(row.started)} {row.ended && `to ${exactly(row.ended)}`}
            {row.active && detectionsText.stillActive}
          </p>
          <Opened row={row} />
        </div>
      )}
      empty={<p>{detectionsText.nothingHasFailedAsFar}</p>}
    />
  );
}

/** What held it back, and how what is found about the server changed around that time. */
function Opened({ row }: { row: Detection }): JSX.Element {
  const detail = useResource<DetectionDetail>(`detections/${row.id}`);
  const { held } = row;
  return (
    <>
      {held ? (
        <p>
          {row.recovery ? detectionsText.heldBefore : detectionsText.heldBy} {held.reason} {held.at && <span class="muted">({exactly(held.at)})</span>}{" "}
          {held.setting && <a class="link" href={url("config", { q: held.setting, show: "all" })}>{held.setting}</a>}
          {held.until && <> {detectionsText.heldUntil} <Time at={held.until} /></>}
        </p>
      ) : (
        !row.recovery && <p>{detectionsText.notOnRecord}</p>
      )}
      <p>
        <a class="link" href={url(`cluster/alias/${part(row.alias || row.cluster)}`, { tab: "forecast" })}>
          {detectionsText.wouldItNow}
        </a>
      </p>
      <Loaded of={detail} rows={2}>
        {({ changes }) =>
          changes.length === 0 ? (
            <p class="small">{detectionsText.noChanges}</p>
          ) : (
            <table class="see log" aria-label={detectionsText.changes}>
              <caption>{detectionsText.changes}</caption>
              <thead>
                <tr>
                  <th scope="col">{detectionsText.changeColumns[0]}</th>
                  <th scope="col">{detectionsText.changeColumns[1]}</th>
                </tr>
              </thead>
              <tbody>
                {changes.map((change) => (
                  <tr key={(change.at ?? "") + change.code}>
                    <td>
                      <code>{exactly(change.at)}</code>
                    </td>
                    <td class="said">
                      {change.code}
                      {change.sentence && <small class="muted"> {change.sentence}</small>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )
        }
      </Loaded>
    </>
  );
}
