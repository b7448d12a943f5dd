import type { JSX } from "preact";
import type { Cluster } from "../api/types.ts";
import { mayOperate } from "../model/me.ts";
import { route } from "../model/route.ts";
import { declare } from "../tree/declare.ts";
import { name, said } from "../tree/names.ts";
import { subtree } from "../tree/canvas.tsx";
import { Button } from "../ui/button.tsx";
import { Mark } from "../ui/marks.tsx";
import { url } from "../url.ts";
import { count } from "../words/en.ts";
import { openRecover, openSwitchover } from "./cluster-switchover.tsx";

/** Durability, in words, as the servers are set. */
function durability(of: Cluster): string {
  const primary = of.members.find((server) => server.key === of.primary);
  const { semi_sync: semi } = primary ?? { semi_sync: undefined };
  if (primary?.group) return "group replication";
  return semi?.waiting ? `semi-sync, ${semi.needs} ack` : semi?.source ? "semi-sync, not waiting now" : "asynchronous";
}

/** Whether it repairs itself, in words. */
function repairs(of: Cluster): JSX.Element {
  const { primary, intermediate } = of.auto_recovery;
  const words = primary ? (intermediate ? "auto-recovery on" : "auto-recovery of the primary on") : intermediate ? "auto-recovery of the primary off" : "auto-recovery off";
  return primary ? <>{words}</> : <b class="t-crit">{words}</b>;
}

export function ClusterHead({ of, tab }: { of: Cluster; tab: string }): JSX.Element {
  const was = route.value.query.get("was");
  const keys = of.members.map((server) => server.key);
  const findings = of.findings.filter((finding) => finding.code !== "NoProblem");
  const trouble = findings.find((finding) => !finding.downtimed);
  const primary = of.members.find((server) => server.key === of.primary);
  return (
    <>
      <div class="c-head">
        <div class="c-title">
          <p class="c-say">{said(of.sentence, keys)}</p>
          <p class="muted">
            <code>{name(of.name)}</code> · {durability(of)} · {repairs(of)}
            {was && <> · was {was} until lately</>}
            {primary?.tags.map((tag) => (
              <span key={tag} class="tag">
                {tag}
              </span>
            ))}
          </p>
          {findings.map((finding) => (
            <p key={finding.server + finding.code} class="finding" title={finding.evidence.join("\n")}>
              <Mark status={finding.downtimed ? "pause" : "crit"} label={false} />
              {said(finding.sentence, keys)}
            </p>
          ))}
          {of.blocked.map((blocked) => (
            <p key={blocked.server + blocked.code} class="finding">
              <Mark status="warn" label={false} />
              {`${blocked.code} of ${name(blocked.server)} is not repaired: an earlier recovery blocks it.`} <a class="link" href={url(`audit-recovery/id/${blocked.blocking}`)}>Acknowledge that one</a>
            </p>
          ))}
        </div>
        {mayOperate.value && (
          <div class="c-act">
            {of.primary && (
              <Button kind="ghost" icon="clock" onClick={() => declare("downtime", subtree(of.primary!))}>
                Downtime
              </Button>
            )}
            {trouble && (
              <Button kind="danger" icon="recovery" onClick={() => openRecover(trouble.server)}>
                Recover…
              </Button>
            )}
            {!trouble && of.primary && (
              <Button icon="swap" onClick={() => openSwitchover()}>
                Planned switchover
              </Button>
            )}
          </div>
        )}
      </div>
      <Tabs of={of} now={tab} />
    </>
  );
}

const tabs: [id: string, words: string][] = [
  ["", "Topology"], ["forecast", "Forecast"], ["servers", "Servers"], ["recoveries", "Recoveries"], ["binlogs", "Binary logs & GTID"], ["pools", "Pools & tags"], ["settings", "Settings"],
];

function Tabs({ of, now }: { of: Cluster; now: string }): JSX.Element {
  const rest = Object.fromEntries(["fold", "sel"].map((word) => [word, route.value.query.get(word) ?? undefined]));
  return (
    <nav class="tabs" aria-label="Cluster">
      {tabs.map(([id, words]) => (
        <a key={id} href={url(route.value.path, { ...rest, tab: id || undefined })} aria-current={id === now ? "page" : undefined}>
          {words}
          {id === "servers" && <span class="count">{count(of.servers)}</span>}
        </a>
      ))}
    </nav>
  );
}
