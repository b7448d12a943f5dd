import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { RecoveryDetail } from "../api/types.ts";
import { canAct } from "../model/acting.ts";
import { useHeading } from "../model/heading.ts";
import { mayOperate, me } from "../model/me.ts";
import { still } from "../model/preferences.ts";
import { useNow, useRecovery } from "../model/recovery.ts";
import { amend, route } from "../model/route.ts";
import { Button } from "../ui/button.tsx";
import { saveText } from "../ui/copy.ts";
import { Failed, Skeleton } from "../ui/states.tsx";
import { courseText } from "../words/course.ts";
import { exactly } from "../words/en.ts";
import { recoveryStatus } from "../words/recovery.ts";
import { short } from "../words/names.ts";
import { fall } from "../waterfall/model.ts";
import { useReplay } from "../waterfall/replay.ts";
import { Waterfall, ZoomBar } from "../waterfall/waterfall.tsx";
import { named, type Part, partOf } from "../waterfall/zoom.ts";
import { Acknowledge } from "./recovery/acknowledge.tsx";
import { Facts, Remains } from "./recovery/facts.tsx";
import { BeforeAfter, Evidence } from "./recovery/found.tsx";
import { Log } from "./recovery/log.tsx";
import { markdown } from "./recovery/markdown.ts";

const { tabs } = courseText;
type Tab = keyof typeof tabs;

/** The unique name or number in an address; all forms of former versions are understood. */
export function uidIn(path: string): string {
  const parts = path.split("/").map(decodeURIComponent);
  return parts[0] === "audit-recovery-steps" ? (parts[1] ?? "") : (parts[2] ?? "");
}

/** One recovery: followed while it runs, explained afterwards, and printed for those who ask. */
export function RecoveryPage(): JSX.Element {
  const uid = uidIn(route.value.path);
  const resource = useRecovery(uid);
  const is = resource.value;
  useHeading({
    title: is ? is.alias || is.cluster : courseText.recovery, status: is ? recoveryStatus[is.state] : undefined,
    trail: [{ name: courseText.recoveries, path: "audit-recovery" }], note: is ? exactly(is.started) : undefined,
  });
  if (!is) return resource.problem ? <Failed problem={resource.problem} again={resource.reload} /> : <Skeleton rows={8} />;
  return <Course is={is} reload={resource.reload} />;
}

function Course({ is, reload }: { is: RecoveryDetail; reload: () => void }): JSX.Element {
  const running = is.state === "running";
  const now = useNow(running);
  const bars = fall(is, now);
  const { head, replay } = useReplay(bars.end);
  const zoom = partOf(route.value.query.get("zoom"), bars.end);
  const onZoom = (part: Part): void => amend({ zoom: named(part, bars.end) });
  const [asking, ask] = useState(false);
  const asked = route.value.query.get("tab") ?? "steps";
  const tab: Tab = Object.hasOwn(tabs, asked) ? (asked as Tab) : "steps";
  const name = (key: string): string => short(key, me.value?.strip);
  return (
    <>
      <PrintHead is={is} />
      <Facts is={is} fall={bars} now={now} />
      <div class="r-bar">
        <div class="seg" role="group" aria-label={courseText.whatToSee}>
          {(Object.keys(tabs) as Tab[]).map((one) => (
            <button key={one} type="button" aria-pressed={tab === one} onClick={() => amend({ tab: one === "steps" ? undefined : one })}>
              {tabs[one]}
            </button>
          ))}
        </div>
        <span class="grow" />
        {tab === "steps" && bars.outage && (
          <span class="legend hide-phone">
            <i class="l-dark" /> {courseText.untilBack} <i class="l-pale" /> {courseText.afterwards}
          </span>
        )}
        {tab === "steps" && !running && is.steps.length > 0 && !still() && (
          <Button kind="ghost" icon="play" onClick={replay}>
            {courseText.replay}
          </Button>
        )}
        <Button kind="ghost" onClick={() => saveText(`recovery-${is.uid}.md`, "text/markdown", markdown(is, location.href, me.value?.version ?? ""))}>
          {courseText.markdown}
        </Button>
        <Button kind="ghost" onClick={() => saveText(`recovery-${is.uid}.json`, "application/json", JSON.stringify(is, null, 2))}>
          {courseText.json}
        </Button>
        <Button kind="ghost" icon="print" onClick={() => (amend({ zoom: undefined }), requestAnimationFrame(() => requestAnimationFrame(() => print())))}>
          {courseText.print}
        </Button>
        {!is.acknowledged && !running && mayOperate.value && (
          <Button kind="primary" icon="check" disabled={!canAct.value} onClick={() => ask(true)}>
            {courseText.acknowledge}
          </Button>
        )}
      </div>
      <section class={tab === "steps" ? "sheet" : "sheet only-print"}>
        {is.steps.length > 0 ? (
          <>
            <ZoomBar fall={bars} part={zoom} onPart={onZoom} />
            <Waterfall fall={bars} name={name} head={head} part={zoom} onPart={onZoom} />
          </>
        ) : (
          <p>{running ? courseText.planned : courseText.noSteps}</p>
        )}
      </section>
      {(tab === "trees" || is.found) && (
        <section class={tab === "trees" ? "sheet" : "sheet only-print"}>
          <BeforeAfter is={is} name={name} />
        </section>
      )}
      {(tab === "evidence" || is.found) && (
        <section class={tab === "evidence" ? "sheet" : "sheet only-print"}>
          <Evidence is={is} name={name} />
        </section>
      )}
      <section class={tab === "log" ? "sheet" : "sheet only-print"}>
        <Log is={is} />
      </section>
      {tab === "raw" && (
        <section class="sheet no-print">
          <pre class="raw">{JSON.stringify(is, null, 2)}</pre>
        </section>
      )}
      <Remains is={is} name={name} acknowledge={() => ask(true)} />
      {asking && <Acknowledge is={is} onClose={() => ask(false)} onDone={reload} />}
    </>
  );
}

/** What stands above a printed post-mortem. */
const PrintHead = ({ is }: { is: RecoveryDetail }): JSX.Element => (
  <header class="only-print print-head">
    <p>
      <b>{courseText.postMortem(is.alias || is.cluster)}</b>
    </p>
    <p>{courseText.headOf(is.started, is.ended, is.uid, is.node)}</p>
    <p>{courseText.product(me.value?.version, location.href)}</p>
  </header>
);
