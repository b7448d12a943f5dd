import type { JSX } from "preact";
import type { HookList, HookRun, HookRuns } from "../../api/types.ts";
import { canAct } from "../../model/acting.ts";
import { me } from "../../model/me.ts";
import { ask } from "../../plan/model.ts";
import { Button } from "../../ui/button.tsx";
import { Mark } from "../../ui/marks.tsx";
import { Time } from "../../ui/time.tsx";
import { part, url } from "../../url.ts";
import { hooksText, occasions } from "../../words/publishing.ts";

/** The programs of one occasion, each with what became of it lately. */
export function Hooks({ list, runs }: { list: HookList; runs: HookRuns | null }): JSX.Element {
  return (
    <section class="sheet" aria-label={list.name}>
      <h2>
        <a href={url("config", { q: list.name })}>
          <code>{list.name}</code>
        </a>{" "}
        <span class="muted">{occasions[list.name]}</span>
      </h2>
      <ol class="steps hooks">
        {list.commands.map((command, n) => (
          <li key={n}>
            <span class="n">{n + 1}</span>
            <div>
              <div class="hook">
                <code class="stmt">{command}</code>
                {me.value?.may_admin && (
                  <Button kind="ghost" disabled={!canAct.value} label={`${hooksText.test} ${list.name} ${n + 1}`} onClick={() => void ask("test-hook", { processes: list.name, number: String(n + 1) })}>
                    {hooksText.test}
                  </Button>
                )}
              </div>
              {runs && <Runs of={runs.items.filter((run) => run.list === list.name && run.number === n + 1)} limit={runs.limit_ms} />}
            </div>
          </li>
        ))}
      </ol>
    </section>
  );
}

const few = 5;

function Runs({ of, limit }: { of: HookRun[]; limit: number | null }): JSX.Element {
  if (of.length === 0) return <p class="small muted">{hooksText.neverRan}</p>;
  return (
    <ul class="runs" aria-label={hooksText.lastRuns}>
      {of.slice(0, few).map((run) => (
        <li key={run.began}>
          <details>
            <summary>
              <Mark status={run.exit_code === 0 ? "ok" : "crit"} label={false} /> {hooksText.ended(run)} · {hooksText.took(run.took_ms, limit)} · <Time at={run.began} />
              {run.test && <span class="tag">{hooksText.isTest}</span>}
              {run.background && <span class="muted"> · {hooksText.background}</span>}
            </summary>
            {run.error && <p class="t-crit">{run.error}</p>}
            {run.output ? <pre class="raw">{run.output}</pre> : <p class="small muted">{hooksText.noOutput}</p>}
            {run.recovery && (
              <p>
                <a class="link" href={url(`audit-recovery/uid/${part(run.recovery)}`)}>
                  {hooksText.recovery}
                </a>
              </p>
            )}
          </details>
        </li>
      ))}
    </ul>
  );
}
