import type { JSX } from "preact";
import type { Cluster, History, HistoryMark, Past } from "../api/types.ts";
import { byName, forest, type Standing } from "../layout/forest.ts";
import { lagArea, momentAt, momentBeside, mostLag, placeOf } from "../layout/history.ts";
import { useResource } from "../model/resource.ts";
import { amend, route } from "../model/route.ts";
import { name } from "../tree/names.ts";
import { Button } from "../ui/button.tsx";
import { Empty, Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { historyText } from "../words/cluster.ts";
import { exactly } from "../words/en.ts";

const box = { width: 1000, height: 30 };

/** The moment that is looked at, as the address has it; undefined is now. */
export const momentOf = (): string | undefined => route.value.query.get("at") ?? undefined;

const show = (at: string | undefined): void => amend({ at, sel: undefined, plan: undefined });

/** The last hours: the lag, what was done, and a handle that shows the tree of a moment that was written down. */
export function HistoryStrip({ of }: { of: Cluster }): JSX.Element | null {
  const history = useResource<History>(`clusters/${part(of.name)}/history`, {}, {
    on: (what, event) => (event.cluster === of.name && (what === "audit" || (what === "notice" && event.what === "finished")) ? "reload" : undefined),
  }).value;
  if (!history) return <div class="hstrip" aria-busy="true" />;
  const whole = { from: Date.parse(history.from), to: Date.parse(history.to) };
  const moments = history.moments.filter((moment) => Date.parse(moment) >= whole.from && Date.parse(moment) <= whole.to);
  const at = momentOf();
  const most = mostLag(history.lag);
  const says = most === null ? historyText.noLag : historyText.mostLag(most);
  const go = (event: KeyboardEvent): void => {
    const step = ({ ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 } as const)[event.key as "ArrowLeft"];
    if (!step) return;
    event.preventDefault();
    show(momentBeside(moments, at, step));
  };
  return (
    <section class="hstrip" aria-label={historyText.strip}>
      <p class="h-words">
        <b>{historyText.title}</b>
        <small>
          {says}
          {history.lag_since && Date.parse(history.lag_since) > whole.from && (
            <>
              {historyText.since}
              <Time at={history.lag_since} />
            </>
          )}
        </small>
        <small class="h-end">{moments.length === 0 ? historyText.noTrees : at ? <Time at={at} /> : historyText.now}</small>
      </p>
      <div class="h-track">
        <svg viewBox={`0 0 ${box.width} ${box.height}`} preserveAspectRatio="none" role="img" aria-label={says}>
          <path d={lagArea(history.lag, whole, box)} />
        </svg>
        {moments.map((moment) => (
          <i key={moment} class="h-moment" style={{ left: `${placeOf(Date.parse(moment), whole) * 100}%` }} />
        ))}
        {history.marks.map((mark, n) => (
          <Mark key={n} of={mark} left={placeOf(Date.parse(mark.at), whole)} />
        ))}
        {moments.length > 0 && (
          <input
            type="range" aria-label={historyText.handle} min={whole.from} max={whole.to} step={1000} value={at ? Date.parse(at) : whole.to} aria-valuetext={at ? exactly(at) : historyText.now}
            onKeyDown={go} onInput={(event) => show(Number(event.currentTarget.value) >= whole.to ? undefined : momentAt(moments, Number(event.currentTarget.value)))}
          />
        )}
      </div>
    </section>
  );
}

/** What was done, as a small mark; a recovery leads to its record. */
function Mark({ of, left }: { of: HistoryMark; left: number }): JSX.Element {
  const says = `${exactly(of.at)} ${of.text}`;
  const where = { left: `${left * 100}%` };
  if (of.recovery) return <a class="h-mark h-recovery" style={where} href={url(`audit-recovery/uid/${part(of.recovery)}`)} title={says} aria-label={says} />;
  return <i class="h-mark" style={where} title={says} />;
}

/** The tree as it was, on paper-grey ground. Nothing can be done there. */
export function PastTree({ of, at }: { of: Cluster; at: string }): JSX.Element {
  const past = useResource<Past>(`clusters/${part(of.name)}/past`, { at });
  return (
    <section class="past" aria-label={historyText.past}>
      <div class="pn-top">
        <h2>
          {historyText.past}, <Time at={at} />
        </h2>
        <Button icon="undo" onClick={() => show(undefined)}>
          {historyText.backToNow}
        </Button>
      </div>
      <p class="small">{historyText.nothingToChange}</p>
      <Loaded of={past} rows={4}>
        {(value) => (value.servers.length === 0 ? <Empty title={historyText.unknownThen} /> : <Tree of={value} now={of} />)}
      </Loaded>
    </section>
  );
}

function Tree({ of, now }: { of: Past; now: Cluster }): JSX.Element {
  const standing = of.servers.map((server): Standing => ({ key: server.key, source: server.source ?? "", source_known: true, role: "replica", read_only: false, status: "ok", site: "" }));
  const { parts, children } = forest(standing);
  const was = new Map(of.servers.map((server) => [server.key, server.source ?? ""]));
  const list = (keys: readonly string[]): JSX.Element => (
    <ul>
      {[...keys].sort(byName).map((key) => (
        <li key={key} data-was={key}>
          <code title={key}>{name(key)}</code> <small>{since(key, was.get(key) ?? "", now)}</small>
          {(children.get(key)?.length ?? 0) > 0 && list(children.get(key)!)}
        </li>
      ))}
    </ul>
  );
  return <div class="past-tree">{parts.map((tree) => list(tree.roots))}</div>;
}

/** What has become of a server since. */
function since(key: string, source: string, now: Cluster): string {
  const server = now.members.find((one) => one.key === key);
  if (!server) return historyText.gone;
  if ((server.source ?? "") === source) return "";
  return server.source ? historyText.isBelow(name(server.source)) : key === now.primary ? historyText.isPrimary : historyText.isAlone;
}
