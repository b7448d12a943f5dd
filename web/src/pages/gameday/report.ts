import type { GameDay } from "../../api/types.ts";
import { duration, exactly, type Status } from "../../words/en.ts";
import { code, plain } from "../recovery/markdown.ts";

/** Whether it went as the forecast said, in a word and a sentence. */
export function outcomeOf(day: GameDay): { status: Status; text: string } {
  const is = day.recovery;
  if (day.error) return { status: "stale", text: `The server was not struck: ${day.error}` };
  if (!is) return { status: "crit", text: "Nothing was done about it." };
  if (is.state === "running") return { status: "run", text: "It is being repaired." };
  if (is.state === "failed") return { status: "crit", text: "The repair failed." };
  if (is.lost.length > 0) return { status: "warn", text: `${is.successor ?? "It"} took over, and ${is.lost.join(", ")} could not follow.` };
  if (day.successor && is.successor !== day.successor) return { status: "warn", text: `${is.successor ?? "Nobody"} took over, not ${day.successor}.` };
  return { status: "ok", text: is.successor ? `${is.successor} took over.` : "It was repaired." };
}

/** A game day as text that tickets and chats can show. */
export function gameDayMarkdown(day: GameDay, address: string): string {
  return [
    `# Game day: ${plain(day.server)} of ${plain(day.alias)}`,
    "",
    `* ${exactly(day.begun)}, by ${plain(day.owner)}: told to end`,
    `* Expected: ${plain(day.hypothesis)}`,
    `* Forecast: ${day.successor ? `${code(day.successor)} takes over` : "it is repaired"}${day.pause_ms > 0 ? `, ${duration(day.pause_ms)} without writes` : ""}, ${day.at_risk === null ? "transactions at risk unknown" : `${day.at_risk} transactions at risk`}`,
    `* What happened: ${plain(outcomeOf(day).text)}`,
    ...(day.writes_back_ms === null ? [] : [`* Writes were back ${duration(day.writes_back_ms)} after the order to shut down`]),
    ...(day.writes ? [`* Writes: ${plain(day.writes.sentence)}`, ...day.writes.gaps.map((gap) => `  * stopped ${exactly(gap.from)}, ${gap.to ? `back ${exactly(gap.to)}, ${duration(gap.took_ms)} later` : "not back"}`)] : []),
    ...(day.recovery ? [`* Recovery ${code(day.recovery.uid)}, code ${plain(day.recovery.code)}`] : []),
    "",
    address,
    "",
  ].join("\n");
}
