import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Cluster, Finding } from "../api/types.ts";
import { canAct } from "../model/acting.ts";
import { mayOperate } from "../model/me.ts";
import { route } from "../model/route.ts";
import { tellRefusal } from "../model/toasts.ts";
import { shown } from "../plan/model.ts";
import { declare } from "../tree/declare.ts";
import { name } from "../tree/names.ts";
import { subtree } from "../tree/canvas.tsx";
import { Acts } from "../ui/acts.tsx";
import { Button } from "../ui/button.tsx";
import { Mark } from "../ui/marks.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { clusterTabs, headText } from "../words/cluster.ts";
import { count } from "../words/en.ts";
import { beginRequest } from "./cluster-begin.tsx";
import { isLeft, Replaced } from "./cluster-replaced.tsx";
import { openRecover, openSwitchover } from "./cluster-switchover.tsx";

/** Findings that say the same of several servers are one line. */
function alike(findings: readonly Finding[]): Map<string, Finding[]> {
  const lines = new Map<string, Finding[]>();
  for (const finding of findings) lines.set(finding.sentence, [...(lines.get(finding.sentence) ?? []), finding]);
  return lines;
}

/** Durability, in words, as the servers are set. */
function durability(of: Cluster): string {
  const primary = of.members.find((server) => server.key === of.primary);
  const { semi_sync: semi } = primary ?? { semi_sync: undefined };
  if (primary?.group) return headText.group;
  return semi?.waiting ? headText.semiSync(semi.needs) : semi?.source ? headText.semiSyncIdle : headText.asynchronous;
}

/** Whether it repairs itself, in words. */
function repairs(of: Cluster): JSX.Element {
  const { primary, intermediate } = of.auto_recovery;
  const words = primary ? (intermediate ? headText.repairsAll : headText.repairsPrimary) : intermediate ? headText.primaryNotRepaired : headText.repairsNone;
  return primary ? <>{words}</> : <b class="t-crit">{words}</b>;
}

export function ClusterHead({ of, tab }: { of: Cluster; tab: string }): JSX.Element {
  const was = route.value.query.get("was");
  const findings = of.findings.filter((finding) => finding.code !== "NoProblem");
  const unsaid = findings.filter((finding) => finding.downtimed || !of.sentence.toLowerCase().includes(finding.sentence.toLowerCase()));
  const trouble = findings.find((finding) => !finding.downtimed);
  const primary = of.members.find((server) => server.key === of.primary);
  return (
    <>
      <div class="c-head">
        <div class="c-title">
          <p class="c-say">{of.sentence}</p>
          <p class="muted">
            <code>{name(of.name)}</code> · {durability(of)} · {repairs(of)}
            {was && <> · {headText.was(was)}</>}
            {primary?.tags.map((tag) => (
              <span key={tag} class="tag">
                {tag}
              </span>
            ))}
          </p>
          {[...alike(unsaid)].map(([sentence, [finding, ...others]]) => (
            <p key={sentence} class="finding" title={finding!.evidence.join("\n")}>
              <Mark status={finding!.downtimed ? "pause" : "crit"} label={false} />
              {headText.found(finding!.server === of.primary ? "" : name(finding!.server), others.length, sentence)}
            </p>
          ))}
          {isLeft(of) && <Replaced of={of} />}
          {of.plans.filter((plan) => plan.id !== shown.value?.plan.id).map((plan) => (
            <p key={plan.id} class="finding">
              <Mark status="run" label={false} />
              {headText.runs(plan.user)}
              <a class="link" href={url(`plan/${part(plan.id)}`)}>
                {plan.title}
              </a>
              {plan.started && (
                <small class="muted">
                  {headText.since} <Time at={plan.started} />
                </small>
              )}
            </p>
          ))}
          {of.blocked.map((blocked) => (
            <p key={blocked.server + blocked.code} class="finding">
              <Mark status="warn" label={false} />
              {headText.blocked(blocked.code, name(blocked.server))} {blocked.until && <>{headText.until} <Time at={blocked.until} />. </>}
              {mayOperate.value && (
                <button type="button" class="link" disabled={!canAct.value} onClick={() => void beginRequest(blocked.lift).catch(tellRefusal)}>
                  {headText.acknowledgeAndGoOn}
                </button>
              )}{" "}
              <a class="link" href={url(`audit-recovery/id/${blocked.blocking}`)}>
                {headText.acknowledgeIt}
              </a>
            </p>
          ))}
        </div>
        {!route.value.query.has("at") && (
          <Acts class="c-act">
            {of.primary && (
              <Button kind="ghost" icon="clock" onClick={() => declare("downtime", subtree(of.primary!))}>
                {headText.downtime}
              </Button>
            )}
            {trouble && of.status !== "run" && (
              <Button kind="danger" icon="recovery" onClick={() => openRecover(trouble.server)}>
                {headText.recover}
              </Button>
            )}
            {!trouble && of.status !== "run" && of.primary && (
              <Button icon="swap" onClick={() => openSwitchover()}>
                {headText.switchover}
              </Button>
            )}
          </Acts>
        )}
      </div>
      <Tabs of={of} now={tab} />
    </>
  );
}

function Tabs({ of, now }: { of: Cluster; now: string }): JSX.Element {
  const rest = Object.fromEntries(["fold", "sel"].map((word) => [word, route.value.query.get(word) ?? undefined]));
  const bar = useRef<HTMLElement>(null);
  // On a narrow window the tabs are scrolled: the one that is shown is in view.
  useLayoutEffect(() => {
    const at = bar.current?.querySelector<HTMLElement>("[aria-current]");
    if (at && at.offsetLeft + at.offsetWidth > bar.current!.scrollLeft + bar.current!.clientWidth) bar.current!.scrollLeft = at.offsetLeft - 16;
  }, [now]);
  return (
    <nav ref={bar} class="tabs" aria-label={headText.tabs}>
      {clusterTabs.map(([id, words]) => (
        <a key={id} href={url(route.value.path, { ...rest, tab: id || undefined })} aria-current={id === now ? "page" : undefined}>
          {words}
          {id === "servers" && <span class="count">{count(of.servers)}</span>}
        </a>
      ))}
    </nav>
  );
}
