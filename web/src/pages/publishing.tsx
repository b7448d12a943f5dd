import type { JSX } from "preact";
import { send } from "../api/client.ts";
import type { Outcome, Publishing as PublishingIs } from "../api/types.ts";
import { canAct } from "../model/acting.ts";
import { useHeading } from "../model/heading.ts";
import { mayOperate } from "../model/me.ts";
import { useResource } from "../model/resource.ts";
import { tellRefusal, toast } from "../model/toasts.ts";
import { Button } from "../ui/button.tsx";
import { Loaded } from "../ui/states.tsx";
import { url } from "../url.ts";
import { plural } from "../words/en.ts";
import { publishText } from "../words/service.ts";

const when: Record<string, string> = {
  OnFailureDetectionProcesses: publishText.whenAFailureIsFound,
  PreGracefulTakeoverProcesses: publishText.beforeSwitchover,
  PreFailoverProcesses: publishText.beforeRepair,
  PostFailoverProcesses: publishText.afterARepairThatSucceeded,
  PostUnsuccessfulFailoverProcesses: publishText.afterARepairThatFailed,
  PostMasterFailoverProcesses: publishText.afterANewPrimary,
  PostIntermediateMasterFailoverProcesses: publishText.afterTheReplicas,
  PostGracefulTakeoverProcesses: publishText.afterAPlannedSwitchover,
  PostTakeMasterProcesses: publishText.afterAReplicaTook,
  RebuildProcesses: publishText.toRebuildAServer,
};

/** Whom the service tells that a primary has changed. */
export function Publishing(): JSX.Element {
  useHeading({ title: publishText.publishing });
  const publishing = useResource<PublishingIs>("publish");
  const publish = async (): Promise<void> => {
    try {
      const done = await send<Outcome>("POST", "publish", {});
      toast({ status: "ok", text: done.message || publishText.thePrimariesWereWritten });
    } catch (error) {
      tellRefusal(error);
    }
  };
  return (
    <Loaded of={publishing} rows={4}>
      {(is) => {
        const hooks = is.hooks.filter((list) => list.commands.length > 0);
        const none = is.hooks.filter((list) => list.commands.length === 0);
        return (
          <>
            <div class="hero">
              <p class="big">
                {hooks.length === 0 && is.kv.length === 0
                  ? publishText.nobodyIsTold
                  : `${is.kv.length > 0 ? `Primaries are written to ${is.kv.join(" and ")}. ` : ""}${hooks.length > 0 ? `Programs run on ${plural(hooks.length, "occasion")}.` : ""}`}
              </p>
              <p>
                {is.kv.length === 0
                  ? publishText.nobodyToldMeans
                  : publishText.writtenWhen}
              </p>
              {is.kv.length > 0 && mayOperate.value && (
                <p>
                  <Button disabled={!canAct.value} onClick={() => void publish()}>
                    {publishText.writeAllPrimariesAgain}
                  </Button>
                </p>
              )}
            </div>
            {hooks.map((list) => (
              <section key={list.name} class="sheet" aria-label={list.name}>
                <h2>
                  <a href={url("config", { q: list.name })}>
                    <code>{list.name}</code>
                  </a>{" "}
                  <span class="muted">{when[list.name]}</span>
                </h2>
                <ol class="steps">
                  {list.commands.map((command, n) => (
                    <li key={n}>
                      <span class="n">{n + 1}</span>
                      <code class="stmt">{command}</code>
                    </li>
                  ))}
                </ol>
              </section>
            ))}
            {none.length > 0 && (
              <section class="sheet" aria-label={publishText.withoutPrograms}>
                <h2>{publishText.nothingIsRun}</h2>
                <ul class="why wide">
                  {none.map((list) => (
                    <li key={list.name}>
                      <a href={url("config", { q: list.name, show: "all" })}>
                        <code>{list.name}</code>
                      </a>
                      <span>… {when[list.name]}</span>
                    </li>
                  ))}
                </ul>
              </section>
            )}
          </>
        );
      }}
    </Loaded>
  );
}
