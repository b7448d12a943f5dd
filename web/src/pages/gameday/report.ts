import type { GameDay } from "../../api/types.ts";
import { duration, exactly, type Status } from "../../words/en.ts";
import { gamedayReport, outcomeText } from "../../words/gameday.ts";
import { code, plain } from "../recovery/markdown.ts";

/** Whether it went as the forecast said, in a word and a sentence. */
export function outcomeOf(day: GameDay): { status: Status; text: string } {
  const is = day.recovery;
  if (day.error) return { status: "stale", text: outcomeText.notStruck(day.error) };
  if (!is) return { status: "crit", text: outcomeText.nothingDone };
  if (is.state === "running") return { status: "run", text: outcomeText.running };
  if (is.state === "failed") return { status: "crit", text: outcomeText.failed };
  if (is.lost.length > 0) return { status: "warn", text: outcomeText.lost(is.successor, is.lost) };
  if (day.successor && is.successor !== day.successor) return { status: "warn", text: outcomeText.another(is.successor, day.successor) };
  return { status: "ok", text: is.successor ? outcomeText.tookOver(is.successor) : outcomeText.repaired };
}

/** A game day as text that tickets and chats can show. */
export function gameDayMarkdown(day: GameDay, address: string): string {
  return [
    gamedayReport.title(plain(day.server), plain(day.alias)),
    "",
    gamedayReport.told(exactly(day.begun), plain(day.owner), day.blow),
    gamedayReport.expected(plain(day.hypothesis)),
    gamedayReport.forecast(day.successor ? code(day.successor) : "", day.pause_ms, day.at_risk),
    gamedayReport.happened(plain(outcomeOf(day).text)),
    ...(day.writes_back_ms === null ? [] : [gamedayReport.writesBack(day.writes_back_ms)]),
    ...(day.writes ? [gamedayReport.writes(plain(day.writes.sentence)), ...day.writes.gaps.map((gap) => gamedayReport.gap(exactly(gap.from), gap.to ? exactly(gap.to) : null, duration(gap.took_ms)))] : []),
    ...(day.recovery ? [gamedayReport.recovery(code(day.recovery.uid), plain(day.recovery.code))] : []),
    "",
    address,
    "",
  ].join("\n");
}
