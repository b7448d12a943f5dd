import type { JSX } from "preact";
import type { Cluster, Forecast, Hold, Part } from "../api/types.ts";
import { mayOperate } from "../model/me.ts";
import { useResource, type Resource } from "../model/resource.ts";
import { tellRefusal } from "../model/toasts.ts";
import { useNow, useRecovery } from "../model/recovery.ts";
import { route } from "../model/route.ts";
import { Icon, Mark } from "../ui/marks.tsx";
import { Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { url } from "../url.ts";
import { fall, progress } from "../waterfall/model.ts";
import { MiniFall } from "../waterfall/mini.tsx";
import { forecastText } from "../words/cluster.ts";
import { duration, liftWords, text } from "../words/en.ts";
import { name } from "../tree/names.ts";
import { beginRequest } from "./cluster-begin.tsx";
import { openRecover } from "./cluster-switchover.tsx";

/** What would happen if a server failed now, as the chooser and the gates say. */
export const useForecast = (of: Pick<Cluster, "name">, failure?: string, server?: string): Resource<Forecast> =>
  useResource<Forecast>(`clusters/${encodeURIComponent(of.name)}/forecast`, { if: failure, server }, {
    topics: ["forecast:" + of.name],
    on: (what, event) => (what === "patch" && event.cluster === of.name && (event.forecast || event.to !== event.from) ? "reload" : undefined),
  });

/** A recovery that runs, in short: whether writes are back, and how far it is. */
function Running({ of, recovery }: { of: Cluster; recovery: string }): JSX.Element {
  const { value: is } = useRecovery(recovery);
  const now = useNow(is?.state === "running");
  const far = is && progress(is.steps);
  return (
    <>
      <div class="verdict v-run">
        <b>
          <Mark status="run" label={false} />
          {is?.headline ?? of.sentence}
        </b>
        {is && <p>{of.sentence}</p>}
      </div>
      {far && far.of > 0 && (
        <p class="small">
          {forecastText.step(far.at, far.of)}
          {far.step && `: ${far.step.action}, ${name(far.step.server)}`}
        </p>
      )}
      {is && is.steps.length > 0 && <MiniFall fall={fall(is, now)} />}
    </>
  );
}

/** The forecast in the side panel. */
export function ForecastSmall({ of }: { of: Cluster }): JSX.Element {
  const forecast = useForecast(of);
  if (of.status === "run" && of.recovery) {
    return (
      <div class="pn">
        <h2>{forecastText.running}</h2>
        <Running of={of} recovery={of.recovery} />
        <div class="pn-foot">
          <a class="btn primary" href={url(`audit-recovery/uid/${encodeURIComponent(of.recovery)}`)}>
            <span>{forecastText.follow}</span>
          </a>
        </div>
      </div>
    );
  }
  return (
    <div class="pn">
      <Loaded of={forecast} rows={4}>
        {(value) => (
          <>
            <h2>
              {value.supposed && forecastText.ifIt}
              <code>{name(value.failed)}</code> {value.supposed ? forecastText.diedNow : forecastText.hasFailed}
            </h2>
            <Headline of={value} />
            <TimeParts of={value.parts} />
            <h3>{forecastText.byItself(value.would)}</h3>
            <Gates of={value} />
            {value.rejected.length > 0 && (
              <>
                <h3>{forecastText.whyNotOthers}</h3>
                <ul class="why">
                  {value.rejected.slice(0, 5).map((one) => (
                    <li key={one.server}>
                      <code title={one.server}>{name(one.server)}</code>
                      <span>{one.reason}</span>
                    </li>
                  ))}
                </ul>
              </>
            )}
          </>
        )}
      </Loaded>
      <div class="pn-foot">
        <a class="btn ghost" href={url(route.value.path, { tab: "forecast" })}>
          <span>{forecastText.wholeBoard}</span>
        </a>
        {forecast.value && !forecast.value.supposed && (
          <button type="button" class="btn" onClick={() => openRecover(forecast.value!.failed)}>
            <span>{forecastText.recover}</span>
          </button>
        )}
      </div>
    </div>
  );
}

/** How much may be lost, as far as it can be known. */
export function riskOf(of: Forecast): string {
  const n = of.risk?.transactions;
  return n === null || n === undefined ? text.unknown : String(n);
}

/** Whether somebody would take over, and writes pause until then; the death of an intermediate source stops nobody's writes. */
export const pauses = (of: Forecast): boolean => Boolean(of.successor) && of.pause_ms > 0;

export const Headline = ({ of }: { of: Forecast }): JSX.Element => (
  <div class={of.would ? "verdict v-ok" : "verdict v-crit"}>
    <b>
      {of.would ? <Icon name="arrow" /> : <Mark status="crit" label={false} />}
      {of.would ? (pauses(of) ? forecastText.takesOver(name(of.successor)) : forecastText.repaired) : forecastText.wouldNot}
    </b>
    {of.would && pauses(of) ? (
      <div class="vnums">
        <span>
          <b>{duration(of.pause_ms)}</b>
          {forecastText.withoutWrites}
        </span>
        <span title={of.risk?.basis}>
          <b>{riskOf(of)}</b>
          {forecastText.atRisk}
        </span>
      </div>
    ) : (
      <p>{of.sentence}</p>
    )}
    {of.risk && of.risk.transactions === null && of.risk.seconds !== null && <p class="small">{forecastText.atMost(of.risk.seconds)}</p>}
  </div>
);

/** Of what the pause consists. */
export function TimeParts({ of }: { of: Part[] }): JSX.Element | null {
  if (of.length === 0) return null;
  const kind = (part: Part): string => ({ notice: "pp0", agree: "pp1", decide: "pp2", "catch-up": "pp3", steps: "pp3", open: "pp4", publish: "pp5", reserve: "pp6" })[part.name] ?? "pp2";
  return (
    <div class="parts">
      <div class="pbar" role="img" aria-label={of.map((part) => `${part.name} ${Math.round(part.takes_ms)} ms`).join(", ")}>
        {of.map((part) => (
          <i key={part.name} class={kind(part)} style={{ flexGrow: part.takes_ms }} title={`${part.name} ${Math.round(part.takes_ms)} ms: ${part.basis}`} />
        ))}
      </div>
      <div class="pleg">
        {of.map((part) => (
          <span key={part.name} title={part.basis}>
            <i class={kind(part)} />
            {part.name} <b>{Math.round(part.takes_ms)}</b>
          </span>
        ))}
      </div>
    </div>
  );
}

/** All rules that were asked: those that keep it from happening first, each with its setting and what would lift it. */
export function Gates({ of }: { of: Forecast }): JSX.Element {
  return (
    <ul class="gates">
      {of.holds.map((hold) => (
        <Gate key={hold.rule + hold.reason} hold={hold} />
      ))}
      {of.passed.map((one) => (
        <li key={one.rule + one.text} class="g-y">
          <Icon name="check" />
          <div>
            <span>{sentenceCase(one.text)}</span>
            <small>{one.setting ?? forecastText.rule(one.rule)}</small>
          </div>
        </li>
      ))}
      {[...of.warnings, ...of.notes].map((note) => (
        <li key={note} class="g-w">
          <Icon name="problems" />
          <div>
            <span>{note}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}

/** A text as a sentence begins; the name of a server stays as it is. */
const sentenceCase = (text: string): string => (/^[a-z]+ /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text);

const Gate = ({ hold }: { hold: Hold }): JSX.Element => (
  <li class="g-n">
    <Icon name="x" />
    <div>
      <span>{sentenceCase(hold.reason)}</span>
      <small>
        {[hold.setting, forecastText.rule(hold.rule)].filter(Boolean).join(" · ")}
        {hold.until && (
          <>
            {forecastText.until}
            <Time at={hold.until} />
          </>
        )}
      </small>
      {hold.change && <small>{forecastText.whatLifts(hold.change)}</small>}
      {hold.lift && mayOperate.value && (
        <button type="button" class="link" onClick={() => void beginRequest(hold.lift!).catch(tellRefusal)}>
          {liftWords[hold.lift.operation] ?? hold.lift.operation}
        </button>
      )}
    </div>
  </li>
);
