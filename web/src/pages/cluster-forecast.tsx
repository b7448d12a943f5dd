import type { JSX } from "preact";
import type { Cluster, Forecast } from "../api/types.ts";
import { amend, route } from "../model/route.ts";
import { name } from "../tree/names.ts";
import { Icon } from "../ui/marks.tsx";
import { Loaded } from "../ui/states.tsx";
import { boardText, forecastText } from "../words/cluster.ts";
import { duration, plural } from "../words/en.ts";
import { Outlook } from "./cluster-outlook.tsx";
import { Gates, pauses, TimeParts, useForecast } from "./cluster-panel.tsx";

type Case = { id: string; words: string; failure?: string; server?: string };

/** The cases that can be tried on this cluster. Each runs the same code as the real thing, and changes nothing. */
function cases(of: Cluster): Case[] {
  const list: Case[] = [
    { id: "", words: boardText.primaryDies },
    { id: "DeadMasterAndReplicas", words: boardText.withAllReplicas, failure: "DeadMasterAndReplicas" },
    { id: "DeadMasterAndSomeReplicas", words: boardText.withSomeReplicas, failure: "DeadMasterAndSomeReplicas" },
    { id: "UnreachableMaster", words: boardText.unreachable, failure: "UnreachableMaster" },
    { id: "LockedSemiSyncMaster", words: boardText.waitsForAcks, failure: "LockedSemiSyncMaster" },
    { id: "NoWriteableMasterStructureWarning", words: boardText.readOnly, failure: "NoWriteableMasterStructureWarning" },
  ];
  for (const server of of.members) {
    if (server.replicas > 0 && server.source) list.push({ id: server.key, words: boardText.dies(name(server.key)), server: server.key });
  }
  return list;
}

/** The forecast board: what would happen, whether by itself, who wins and why not the others. */
export function Board({ of }: { of: Cluster }): JSX.Element {
  const all = cases(of);
  const now = all.find((one) => one.id === (route.value.query.get("if") ?? "")) ?? all[0]!;
  const forecast = useForecast(of, now.failure, now.server);
  return (
    <>
      <Loaded of={forecast} rows={6}>
        {(value) => (
          <>
            <div class="board-top">
              <Hero of={value} />
              <div class="hero plain">
                <h2>
                  {boardText.byItself} <b class={value.would ? "t-ok" : "t-crit"}>{value.would ? boardText.yes : boardText.no}</b>
                </h2>
                <Gates of={value} />
              </div>
            </div>
            <Matrix of={value} />
            <Steps of={value} />
          </>
        )}
      </Loaded>
      <section class="sheet">
        <h2>{boardText.whatIf}</h2>
        <div class="chips wide" role="group" aria-label={boardText.whatIf}>
          {all.map((one) => (
            <button key={one.id} type="button" class="chip" aria-pressed={one.id === now.id} onClick={() => amend({ if: one.id || undefined })}>
              {one.words}
            </button>
          ))}
        </div>
        <p class="small">{boardText.sameCode}</p>
      </section>
      <Outlook of={of} />
    </>
  );
}

function Hero({ of }: { of: Forecast }): JSX.Element {
  const seconds = of.pause_ms / 1000;
  return (
    <div class="hero">
      <p class="muted">
        {of.supposed && forecastText.ifIt}
        <code>{name(of.failed)}</code> {of.supposed ? boardText.failedNow(of.code) : boardText.hasFailed(of.code)}
      </p>
      {of.would && pauses(of) ? (
        <p class="big">
          <b>{seconds < 10 ? seconds.toFixed(2) : seconds.toFixed(1)}</b> {boardText.secondsWithoutWrites}
        </p>
      ) : (
        <p class="big">{of.would ? forecastText.repaired : <span class="t-crit">{forecastText.wouldNot}</span>}</p>
      )}
      <p>
        {of.sentence} {of.risk && (of.risk.transactions === 0 ? boardText.noneAtRisk : of.risk.transactions === null ? boardText.riskUnknown : boardText.atRisk(plural(of.risk.transactions, "transaction")))}
      </p>
      {of.risk && (
        <p class="small">
          {of.risk.guarantee ? of.risk.guarantee + " " : ""}
          {boardText.basis(of.risk.basis)}
        </p>
      )}
      <TimeParts of={of.parts} />
    </div>
  );
}

const marks = { yes: "check", partly: "minus", no: "x" } as const;

/** Who wins and why not the others, as the chooser judges. */
function Matrix({ of }: { of: Forecast }): JSX.Element | null {
  const rows = of.contenders.slice(0, 200);
  const first = rows[0];
  if (!first) return null;
  return (
    <section class="sheet">
      <h2>{boardText.whoWins}</h2>
      <div class="tscroll">
        <table class="matrix" aria-label={boardText.whoWins}>
          <thead>
            <tr>
              {[boardText.server, ...first.criteria.map((one) => one.title), boardText.inWords].map((head) => (
                <th key={head}>{head}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.server} class={row.wins ? "w-wins" : ""}>
                <th>
                  <code title={row.server}>{name(row.server)}</code>
                  {row.wins && <span class="pill p-ok">{boardText.wins}</span>}
                </th>
                {row.criteria.map((is) => (
                  <td key={is.name} class={`x-${is.met[0]}`} title={is.text}>
                    <Icon name={marks[is.met]} />
                    <span class="vh">
                      {boardText.met[is.met]}: {is.text}
                    </span>
                  </td>
                ))}
                <td class="words">{row.says}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What would be done, step by step. */
const Steps = ({ of }: { of: Forecast }): JSX.Element | null =>
  of.steps.length === 0 ? null : (
    <section class="sheet">
      <details>
        <summary>
          <b>{plural(of.steps.length, "step")}</b> {boardText.wouldBeTaken}
        </summary>
        <ol class="steps">
          {of.steps.map((step) => (
            <li key={`${step.n} ${step.server} ${step.verb}`}>
              <span class="n">{step.n}</span>
              <div>
                <span>
                  <b>{step.action}</b> <span class="muted">{name(step.server)}</span>
                </span>
                <small>
                  {step.why}
                  {step.estimate_ms !== null && boardText.about(duration(step.estimate_ms))}
                </small>
              </div>
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
