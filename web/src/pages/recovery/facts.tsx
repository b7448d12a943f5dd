import type { ComponentChildren, JSX } from "preact";
import type { RecoveryDetail } from "../../api/types.ts";
import { mayOperate, me } from "../../model/me.ts";
import { fleet, rowOf } from "../../model/fleet.ts";
import { Icon, Mark } from "../../ui/marks.tsx";
import { Time } from "../../ui/time.tsx";
import { part, url } from "../../url.ts";
import { duration, plural, text } from "../../words/en.ts";
import { recoveryStatus } from "../../words/recovery.ts";
import { short } from "../../words/names.ts";
import type { Fall } from "../../waterfall/model.ts";

/** What matters first, in a sentence and six facts. */
export function Facts({ is, fall, now }: { is: RecoveryDetail; fall: Fall; now: number }): JSX.Element {
  const name = (key: string): string => short(key, me.value?.strip);
  const running = is.state === "running";
  const began = is.started ? Date.parse(is.started) : now;
  const done = is.steps.filter((step) => step.state === "done").length;
  const first = fall.bars.find((bar) => bar.from !== null && !bar.expected);
  const facts: [string, ComponentChildren, ComponentChildren][] = [
    ["No writes for", fall.outage ? duration(fall.outage.took) : is.steps.length === 0 && !running ? text.unknown : "not concerned", fall.outage?.open ? (running ? "so far" : "not brought back") : fall.outage ? "until the successor took them" : ""],
    ["Whole recovery", running ? duration(now - began) : duration(is.took_ms), running ? "so far" : "from the decision to the end"],
    ["First step after", first ? duration(first.from) : text.unknown, first?.step.action ?? ""],
    ["Steps", is.steps.length > 0 ? `${done} of ${is.steps.length}` : text.unknown, done < is.steps.length && !running ? "the others failed or were left out" : ""],
    ["Servers lost", String(is.lost.length), is.lost.length > 0 ? is.lost.map(name).join(", ") : "all others follow"],
    ["Led by", is.node || text.unknown, is.acknowledged ? "acknowledged" : running ? "" : "not acknowledged"],
  ];
  return (
    <div class="r-top">
      <div class="hero r-hero">
        <p class="muted">
          <span class={`pill p-${is.state === "failed" ? "crit" : is.state === "running" ? "run" : "ok"}`}>
            <Mark status={recoveryStatus[is.state]} label={false} />
            {is.code}
          </span>{" "}
          <code>{is.failed}</code>
        </p>
        <p class="big">{is.headline}</p>
        <p>
          {is.headline !== is.sentence && is.sentence}
        </p>
        {is.errors.map((error, n) => (
          <p key={n} class="t-crit">
            {error}
          </p>
        ))}
      </div>
      <dl class="r-facts">
        {facts.map(([name, value, more]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <b>{value}</b>
              <small>{more}</small>
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** What somebody still has to do, and who took part. */
export function Remains({ is, name, acknowledge }: { is: RecoveryDetail; name: (key: string) => string; acknowledge: () => void }): JSX.Element {
  // The cluster goes on under its successor's name, and the lost primary may be alone under the old one.
  const rows = fleet.value?.clusters ?? [];
  const row = rows.find((row) => row.tree.some((dot) => dot.key === is.successor)) ?? rowOf(is.alias || is.cluster);
  const took = [...new Set([is.failed, ...(is.successor ? [is.successor] : []), ...is.participants])];
  const old = row?.tree.find((dot) => dot.key === is.failed);
  return (
    <section class="sheet two">
      <div>
        <h2>What remains</h2>
        <ul class="gates">
          <Gate good={Boolean(is.acknowledged)} title={is.acknowledged ? `Acknowledged by ${is.acknowledged.by}` : is.state === "running" ? "It runs" : "Not acknowledged"}
            more={is.acknowledged ? <>{is.acknowledged.comment} · <Time at={is.acknowledged.at} /></> : is.active ? "a second failure of this cluster waits while the block lasts" : "it holds nothing back any more"}>
            {!is.acknowledged && is.state !== "running" && mayOperate.value && (
              <button type="button" class="link" onClick={acknowledge}>
                Acknowledge
              </button>
            )}
          </Gate>
          <Gate good={old?.status === "ok"} title={old ? (old.status === "ok" ? `${name(is.failed)} is back and fine` : `${name(is.failed)} is not fine`) : `${name(is.failed)} is not part of the cluster`} more={old ? "" : "it has not come back, or was cut off so that it cannot follow a wrong source"} />
          {row?.forecast && <Gate good={row.forecast.would} title={row.forecast.would ? "A further failure would be repaired" : "A further failure would not be repaired"} more={row.forecast.sentence} />}
          {is.lost.map((key) => (
            <Gate key={key} good={false} title={`${name(key)} could not follow`} more="its data has to be looked at" />
          ))}
        </ul>
        {row && (
          <p>
            <a class="link" href={url(`cluster/alias/${part(row.alias)}`)}>
              {row.alias}: {row.sentence}
            </a>
          </p>
        )}
      </div>
      <div>
        <h2>Who took part</h2>
        <p class="small">{plural(took.length, "server")}</p>
        <ul class="why">
          {took.map((key) => (
            <li key={key}>
              <code>{name(key)}</code>
              <span>{key === is.failed ? "failed, or was replaced" : key === is.successor ? "took over" : is.lost.includes(key) ? "could not follow" : "took part"}</span>
            </li>
          ))}
        </ul>
        {is.detection !== undefined && (
          <p>
            <a class="link" href={url(`audit-failure-detection/id/${is.detection}`)}>
              The detection that led to it
            </a>
          </p>
        )}
      </div>
    </section>
  );
}

/** A line with a mark that says whether somebody has to do something. */
export const Gate = ({ good, title, more, children }: { good: boolean; title: ComponentChildren; more?: ComponentChildren; children?: ComponentChildren }): JSX.Element => (
  <li class={good ? "g-y" : "g-w"}>
    <Icon name={good ? "check" : "problems"} />
    <div>
      <span>{title}</span>
      {more && <small>{more}</small>}
    </div>
    {children}
  </li>
);
