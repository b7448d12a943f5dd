import type { JSX } from "preact";
import type { Cluster, Forecast, Hold, Part } from "../api/types.ts";
import { useResource, type Resource } from "../model/resource.ts";
import { route } from "../model/route.ts";
import { Icon, Mark } from "../ui/marks.tsx";
import { Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { url } from "../url.ts";
import { duration } from "../words/en.ts";
import { name } from "../tree/names.ts";
import { openRecover } from "./cluster-switchover.tsx";

/** What would happen if a server failed now, as the chooser and the gates say. */
export const useForecast = (of: Cluster, failure?: string, server?: string): Resource<Forecast> =>
  useResource<Forecast>(`clusters/${encodeURIComponent(of.name)}/forecast`, { if: failure, server }, {
    topics: ["forecast:" + of.name],
    on: (what, event) => (what === "patch" && event.cluster === of.name && (event.forecast || event.to !== event.from) ? "reload" : undefined),
  });

/** The forecast in the side panel. */
export function ForecastSmall({ of }: { of: Cluster }): JSX.Element {
  const forecast = useForecast(of);
  if (of.status === "run" && of.recovery) {
    return (
      <div class="pn">
        <h2>Recovery is running</h2>
        <div class="verdict v-run">
          <b>
            <Mark status="run" label={false} />
            {of.sentence}
          </b>
        </div>
        <div class="pn-foot">
          <a class="btn primary" href={url(`audit-recovery/uid/${encodeURIComponent(of.recovery)}`)}>
            <span>Follow the steps</span>
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
              {value.supposed ? "If " : ""}
              <code>{name(value.failed)}</code> {value.supposed ? "died now" : "has failed"}
            </h2>
            <Headline of={value} />
            <TimeParts of={value.parts} />
            <h3>Would it act by itself? {value.would ? "Yes." : "No."}</h3>
            <Gates of={value} />
            {value.rejected.length > 0 && (
              <>
                <h3>Why not the others?</h3>
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
          <span>Whole board</span>
        </a>
        {forecast.value && !forecast.value.supposed && (
          <button type="button" class="btn" onClick={() => openRecover(forecast.value!.failed)}>
            <span>Recover…</span>
          </button>
        )}
      </div>
    </div>
  );
}

/** How much may be lost, as far as it can be known. */
export function riskOf(of: Forecast): string {
  const n = of.risk?.transactions;
  return n === null || n === undefined ? "unknown" : String(n);
}

const Headline = ({ of }: { of: Forecast }): JSX.Element => (
  <div class={of.would ? "verdict v-ok" : "verdict v-crit"}>
    <b>
      {of.would ? <Icon name="arrow" /> : <Mark status="crit" label={false} />}
      {of.would ? (of.successor ? `${name(of.successor)} takes over` : "It would be repaired") : "It would not fail over"}
    </b>
    {of.would && of.successor ? (
      <div class="vnums">
        <span>
          <b>{duration(of.pause_ms)}</b>
          without writes
        </span>
        <span title={of.risk?.basis}>
          <b>{riskOf(of)}</b>
          transactions at risk
        </span>
      </div>
    ) : (
      <p>{of.sentence}</p>
    )}
    {of.risk && of.risk.transactions === null && of.risk.seconds !== null && <p class="small">{`at most what was committed in the last ${Math.max(1, of.risk.seconds)} s`}</p>}
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
            <small>{one.setting ?? `rule: ${one.rule}`}</small>
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

const sentenceCase = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const Gate = ({ hold }: { hold: Hold }): JSX.Element => (
  <li class="g-n">
    <Icon name="x" />
    <div>
      <span>{hold.reason}</span>
      <small>
        {[hold.setting, `rule: ${hold.rule}`].filter(Boolean).join(" · ")}
        {hold.until && (
          <>
            {" · until "}
            <Time at={hold.until} />
          </>
        )}
      </small>
      {hold.change && <small>What would lift it: {hold.change}</small>}
    </div>
  </li>
);
