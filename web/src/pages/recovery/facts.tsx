import type { ComponentChildren, JSX } from "preact";
import type { RecoveryDetail } from "../../api/types.ts";
import { mayOperate, me } from "../../model/me.ts";
import { fleet, rowOf } from "../../model/fleet.ts";
import { Icon, Mark } from "../../ui/marks.tsx";
import { Time } from "../../ui/time.tsx";
import { part, url } from "../../url.ts";
import { factsText, remainsText } from "../../words/course.ts";
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
    [factsText.noWritesFor, fall.outage ? duration(fall.outage.took) : is.steps.length === 0 && !running ? text.unknown : factsText.notConcerned, fall.outage?.open ? (running ? factsText.soFar : factsText.notBack) : fall.outage ? factsText.untilTaken : ""],
    [factsText.whole, running ? duration(now - began) : duration(is.took_ms), running ? factsText.soFar : factsText.fromDecision],
    [factsText.firstStep, first ? duration(first.from) : text.unknown, first?.step.action ?? ""],
    [factsText.steps, is.steps.length > 0 ? factsText.ofSteps(done, is.steps.length) : text.unknown, done < is.steps.length && !running ? factsText.othersFailed : ""],
    [factsText.lost, String(is.lost.length), is.lost.length > 0 ? is.lost.map(name).join(", ") : factsText.allFollow],
    [factsText.ledBy, is.node || text.unknown, is.acknowledged ? factsText.acknowledged : running ? "" : factsText.notAcknowledged],
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
        <h2>{remainsText.remains}</h2>
        <ul class="gates">
          <Gate good={Boolean(is.acknowledged)} title={is.acknowledged ? remainsText.acknowledgedBy(is.acknowledged.by) : is.state === "running" ? remainsText.runs : remainsText.notAcknowledged}
            more={is.acknowledged ? <>{is.acknowledged.comment} · <Time at={is.acknowledged.at} /></> : is.active ? remainsText.blocks : remainsText.blocksNothing}>
            {!is.acknowledged && is.state !== "running" && mayOperate.value && (
              <button type="button" class="link" onClick={acknowledge}>
                {remainsText.acknowledge}
              </button>
            )}
          </Gate>
          <Gate good={old?.status === "ok"} title={old ? (old.status === "ok" ? remainsText.isBack(name(is.failed)) : remainsText.isNotFine(name(is.failed))) : remainsText.isNoPart(name(is.failed))} more={old ? "" : remainsText.notCome} />
          {row?.forecast && <Gate good={row.forecast.would} title={row.forecast.would ? remainsText.further : remainsText.furtherNot} more={row.forecast.sentence} />}
          {is.lost.map((key) => (
            <Gate key={key} good={false} title={remainsText.couldNotFollow(name(key))} more={remainsText.lookAtData} />
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
        <h2>{remainsText.whoTookPart}</h2>
        <p class="small">{plural(took.length, "server")}</p>
        <ul class="why">
          {took.map((key) => (
            <li key={key}>
              <code>{name(key)}</code>
              <span>{key === is.failed ? remainsText.failed : key === is.successor ? remainsText.tookOver : is.lost.includes(key) ? remainsText.lost : remainsText.tookPart}</span>
            </li>
          ))}
        </ul>
        {is.rejected.length > 0 && (
          <>
            <h3>{remainsText.whyNotTheOthers}</h3>
            <ul class="why">
              {is.rejected.map((one) => (
                <li key={one.server}>
                  <code title={one.server}>{name(one.server)}</code>
                  <span>{one.reason}</span>
                </li>
              ))}
            </ul>
          </>
        )}
        {is.detection !== undefined && (
          <p>
            <a class="link" href={url(`audit-failure-detection/id/${is.detection}`)}>
              {remainsText.detection}
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
