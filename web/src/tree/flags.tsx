import type { JSX } from "preact";
import type { Server } from "../api/types.ts";
import { Icon } from "../ui/marks.tsx";
import { span } from "../words/en.ts";
import { treeText } from "../words/tree.ts";

/** What sets a server apart, in one icon each; in words for those who do not see it, and on hovering. */
export function flagsOf(server: Server): [icon: string, words: string, on?: boolean][] {
  const flags: [string, string, boolean?][] = [];
  const { source, waiting, needs } = server.semi_sync;
  if (source || waiting) flags.push(["ack", needs > 0 ? treeText.waitsFor(needs) : treeText.semiSyncSource]);
  else if (server.semi_sync.replica) flags.push(["ack", treeText.acknowledgesWritesSemiSync]);
  if (server.promotion_rule === "prefer" || server.promotion_rule === "must") flags.push(["star", treeText.promotionRule(server.promotion_rule), true]);
  if (server.promotion_rule === "prefer_not" || server.promotion_rule === "must_not") flags.push(["ban", treeText.promotionRule(server.promotion_rule)]);
  if (server.delay_s) flags.push(["clock", treeText.delayedByOnPurpose(span(server.delay_s))]);
  if (server.binlog_server) flags.push(["audit", treeText.binlogServer]);
  if (server.role === "detached") flags.push(["x", treeText.detached]);
  if (server.tags.length > 0) flags.push(["list", treeText.tags(server.tags)]);
  return flags;
}

export const Flags = ({ of }: { of: Server }): JSX.Element => (
  <>
    {flagsOf(of).map(([icon, words, on]) => (
      <span key={icon} class={on ? "flag on" : "flag"} title={words}>
        <Icon name={icon} />
        <span class="vh">{words}</span>
      </span>
    ))}
  </>
);

/** Whether a server takes the writes. */
export const writes = (server: Server): boolean => server.role === "primary" || server.role === "group-primary";

/** The note in the second line of a card: what there is to say, else the version. */
export function note(server: Server): string {
  const hold = server.downtime ?? server.maintenance;
  if (server.status === "pause" && hold) return `${hold.reason}${hold.end ? "" : ", until ended"}`;
  return server.sentence;
}

/** A version as people say it: without the distribution's name. */
export const versionOf = (server: Server): string => server.version.replace(/-.*/, "");
