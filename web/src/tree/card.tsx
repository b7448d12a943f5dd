import type { JSX } from "preact";
import { hueOf } from "../model/sites.ts";
import type { PlanRow, Server } from "../api/types.ts";
import type { Box } from "../layout/place.ts";
import type { Item } from "../layout/fold.ts";
import { plansOn, poolsOf, serverCell } from "../model/cluster.ts";
import { mayOperate } from "../model/me.ts";
import { Icon, Mark, Site } from "../ui/marks.tsx";
import { plural, statusWord } from "../words/en.ts";
import { middle } from "../words/names.ts";
import { Flags, note, versionOf, writes } from "./flags.tsx";
import { allowed, effect, looks, moving, sentence, verdictOn } from "./moving.ts";
import { isHit } from "./found.ts";
import { name } from "./names.ts";
import { colourBySite, showPools } from "./options.ts";
import { focused, selection } from "./selection.ts";
import { treeText } from "../words/tree.ts";

type Props = { item: Item; box: Box; level: number; replicas: number; /** How it was until now, when a plan changes it. */ was?: string | undefined; /** As the plan leaves it. */ then?: Server | undefined };

/** How a card is read out. */
export function spoken(server: Server, replicas: number): string {
  const role = server.source ? treeText.replicaOf(name(server.source)) : server.role;
  const about = [name(server.key), role, server.sentence || statusWord[server.status], versionOf(server), server.site, replicas > 0 && plural(replicas, "replica")];
  return about.filter(Boolean).join(", ");
}

export const cardId = (id: string): string => "n-" + id;

/** Who changes a server at this moment, and how. */
const workOf = (plan: PlanRow): string => treeText.isAtWork(plan.user, plan.title);

/** A server of the tree. */
export function Card({ item, box, level, replicas, was, then }: Props): JSX.Element | null {
  const now = serverCell(item.id)?.value;
  if (!now) return null;
  const server = then ? { ...now, role: then.role, source: then.source, read_only: then.read_only } : now;
  const lost = server.status === "crit" && server.problems.some((problem) => problem === "last_check_invalid");
  const is = moving.value;
  const classes = [
    "card", `k-${server.status}`, writes(server) && "primary", lost && "lost", was && "planned", replicas > 0 && "has",
    selection.value.includes(server.key) && "sel", looks(is, server.key), isHit(server.key) && "find-hit", colourBySite.value && server.site && "by-site",
  ];
  const pools = showPools.value ? (poolsOf.value.get(server.key) ?? []) : [];
  const work = plansOn.value.get(server.key);
  const remark = work && !was ? workOf(work) : note(server);
  return (
    <div
      id={cardId(item.id)}
      data-id={item.id}
      data-dc={server.site ? hueOf.value(server.site) : undefined}
      class={classes.filter(Boolean).join(" ")}
      role="treeitem"
      tabIndex={focused.value === item.id ? 0 : -1}
      aria-level={level}
      aria-selected={selection.value.includes(server.key)}
      aria-expanded={replicas > 0 ? item.shut === 0 : undefined}
      aria-label={spoken(server, replicas)}
      aria-disabled={is?.verdicts ? is.server === server.key || !allowed(is, server.key) : undefined}
      style={{ left: `${box.x}px`, top: `${box.y}px`, width: `${box.w}px`, height: `${box.h}px` }}
    >
      <div class="k1">
        <Mark status={server.status} label={false} />
        <Name of={server.key} />
        <span class="grow" />
        {writes(server) ? (
          <span class={server.read_only ? "role soft" : "role"}>
            {!server.read_only && <Icon name="pen" />}
            primary
          </span>
        ) : server.role === "co-primary" ? (
          <span class="role soft">{treeText.coPrimary}</span>
        ) : (
          <Flags of={server} />
        )}
      </div>
      <div class="k2">
        {remark ? <span class="note" title={remark}>{remark}</span> : pools.length > 0 ? <span class="note" title={treeText.pools(pools)}>{pools.join(", ")}</span> : <span>{versionOf(server)}</span>}
        <span class="grow" />
        {(writes(server) || server.role === "co-primary") && <Flags of={server} />}
        {!server.logs_updates && <span class="warnword">{treeText.noLog}</span>}
        {server.site && <Site name={server.site} hue={hueOf.value(server.site)} />}
      </div>
      {mayOperate.value && !lost && (
        <span class="grip">
          <Icon name="grip" />
        </span>
      )}
      {replicas > 0 && (
        <span class={item.shut > 0 ? "kids shut" : "kids"} data-kids={item.id} title={item.shut > 0 ? `${plural(item.shut, "server")} folded` : plural(replicas, "replica")}>
          {item.shut > 0 ? `+${item.shut}` : replicas}
        </span>
      )}
      {was && <div class="was">{was}</div>}
      <Label of={server.key} />
    </div>
  );
}

/** The name: where there is no room for all of it its middle goes, as the end tells servers apart. */
function Name({ of }: { of: string }): JSX.Element {
  const text = [...middle(name(of))];
  return (
    <b class="name" title={of}>
      <span>{text.slice(0, -6).join("")}</span>
      <span>{text.slice(-6).join("")}</span>
    </b>
  );
}

/** What dropping here does, inside the target. */
function Label({ of }: { of: string }): JSX.Element | null {
  const is = moving.value;
  if (!is || is.over !== of || !allowed(is, of)) return null;
  const verdict = verdictOn(is, of)!;
  return (
    <div class="zones" title={sentence(is, verdict)}>
      <span class="z">{effect(is, verdict)}</span>
    </div>
  );
}

/** Many equal leaves in one card: each is a dot, and what is wrong with one keeps its shape. */
export function ManyCard({ item, box, level }: Props): JSX.Element {
  const servers = item.servers.map((key) => serverCell(key)?.value).filter((one): one is Server => one !== undefined);
  const bad = servers.filter((server) => server.status !== "ok");
  const first = servers[0];
  const worst = bad.some((server) => server.status === "crit") ? "t-crit" : "t-warn";
  const is = moving.value;
  const source = item.servers.some((key) => looks(is, key) === "source");
  return (
    <div
      id={cardId(item.id)}
      data-id={item.id}
      class={`card many ${item.servers.some(isHit) ? "find-hit" : ""} ${source ? "source" : is?.verdicts ? "cannot" : ""}`}
      role="treeitem"
      tabIndex={focused.value === item.id ? 0 : -1}
      aria-level={level}
      aria-expanded={false}
      aria-label={treeText.many(servers.length, name(first?.source), first?.site, bad.map((server) => name(server.key)))}
      style={{ left: `${box.x}px`, top: `${box.y}px`, width: `${box.w}px`, height: `${box.h}px` }}
    >
      <div class="k1">
        <b>{plural(servers.length, "replica")}</b>
        {bad.length > 0 && <span class={worst}>{bad.length} {treeText.notFine}</span>}
        <span class="grow" />
        {first?.site && <Site name={first.site} hue={hueOf.value(first.site)} />}
      </div>
      <Dots servers={[...bad, ...servers.filter((server) => server.status === "ok")]} />
    </div>
  );
}

const perRow = 29;

function Dots({ servers }: { servers: Server[] }): JSX.Element {
  const rows = Math.max(2, Math.ceil(servers.length / perRow));
  return (
    <svg class="dotm" viewBox={`0 0 204 ${rows * 9 + 2}`} style={{ height: `${rows * 9 + 2}px` }} aria-hidden="true">
      {servers.map((server, n) => {
        const r = server.status === "ok" && !isHit(server.key) ? 2.3 : 3.4;
        return (
          <use key={server.key} href={`#s-${server.status}`} x={4 + (n % perRow) * 7 - r} y={6 + Math.floor(n / perRow) * 9 - r} width={2 * r} height={2 * r} class={isHit(server.key) ? "m-hit" : server.status === "ok" ? "m-calm" : `m-${server.status}`}>
            <title>{`${name(server.key)}: ${server.sentence || statusWord[server.status]}`}</title>
          </use>
        );
      })}
    </svg>
  );
}
