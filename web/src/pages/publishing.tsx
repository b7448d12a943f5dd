import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { HookRuns, PublishedEntry, PublishedEntryPage, Publishing as PublishingIs } from "../api/types.ts";
import { canAct } from "../model/acting.ts";
import { useHeading } from "../model/heading.ts";
import { useList } from "../model/list.ts";
import { mayOperate } from "../model/me.ts";
import { useResource } from "../model/resource.ts";
import { route } from "../model/route.ts";
import { ask, close, shown } from "../plan/model.ts";
import { PlanPanel, planOpen } from "../plan/panel.tsx";
import { Button } from "../ui/button.tsx";
import { Mark } from "../ui/marks.tsx";
import { Loaded } from "../ui/states.tsx";
import { url } from "../url.ts";
import { hooksText, occasions, publishText } from "../words/publishing.ts";
import { Entries } from "./publishing/entries.tsx";
import { Hooks } from "./publishing/hooks.tsx";

/** Whom the service tells that a primary has changed, and whether what it says there still stands. */
export function Publishing(): JSX.Element {
  useHeading({ title: publishText.publishing });
  const publishing = useResource<PublishingIs>("publish");
  const { query } = route.value;
  const entries = useList<PublishedEntry>("publish/entries", { alias: query.get("alias") ?? "", store: query.get("store") ?? "", state: query.get("state") ?? "" });
  const all = useResource<PublishedEntryPage>("publish/entries", { limit: "1" });
  const runs = useResource<HookRuns>("publish/runs", {}, { on: (what, event) => (what === "notice" && event.what === "finished" ? "reload" : undefined) });
  useEffect(() => close, []);
  const ended = shown.value?.plan.ended;
  useEffect(() => {
    if (!ended) return;
    for (const one of [publishing, entries, all, runs]) one.reload();
  }, [ended]);
  return (
    <Loaded of={publishing} rows={4}>
      {(is) => {
        const hooks = is.hooks.filter((list) => list.commands.length > 0);
        const none = is.hooks.filter((list) => list.commands.length === 0);
        return (
          <div class={planOpen() ? "gameday" : undefined}>
            <div>
              <Summary is={is} hooks={hooks.length} />
              {(is.stores.length > 0 || (all.value?.total ?? 0) > 0) && <Entries list={entries} is={is} />}
              {hooks.map((list) => (
                <Hooks key={list.name} list={list} runs={runs.value} />
              ))}
              {hooks.length > 0 && runs.value && <p class="small muted">{hooksText.keptBy(runs.value.node)}</p>}
              {none.length > 0 && (
                <section class="sheet" aria-label={publishText.withoutPrograms}>
                  <h2>{publishText.nothingIsRun}</h2>
                  <ul class="why wide">
                    {none.map((list) => (
                      <li key={list.name}>
                        <a href={url("config", { q: list.name, show: "all" })}>
                          <code>{list.name}</code>
                        </a>
                        <span>… {occasions[list.name]}</span>
                      </li>
                    ))}
                  </ul>
                </section>
              )}
            </div>
            {planOpen() && (
              <aside class="sheet beside" aria-label={publishText.plan}>
                <PlanPanel />
              </aside>
            )}
          </div>
        );
      }}
    </Loaded>
  );
}

/** Whether what is said outside is right, in a sentence of the server. */
function Summary({ is, hooks }: { is: PublishingIs; hooks: number }): JSX.Element {
  return (
    <div class="hero">
      <p class="big">
        <Mark status={is.status} label={false} /> {is.sentence}
      </p>
      <p>{is.kv.length > 0 || hooks > 0 ? publishText.told(is.kv, hooks) : publishText.nobodyIsTold}</p>
      <p>{is.kv.length === 0 ? publishText.nobodyToldMeans : publishText.writtenWhen}</p>
      {is.kv.length > 0 && mayOperate.value && (
        <p>
          <Button disabled={!canAct.value} onClick={() => void ask("submit-masters-to-kv-stores", {})}>
            {publishText.writeAllPrimariesAgain}
          </Button>
        </p>
      )}
    </div>
  );
}
