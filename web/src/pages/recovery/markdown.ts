import type { RecoveryDetail } from "../../api/types.ts";
import { duration, exactly } from "../../words/en.ts";

/** A recovery as text that tickets and chats can show. What came from servers and people is shown as it is, never as markup. */
export function markdown(is: RecoveryDetail, address: string, version: string): string {
  const lines = [
    `# ${plain(is.alias || is.cluster)}: ${plain(is.headline)}`,
    "",
    plain(is.sentence),
    "",
    `* Failure: ${plain(is.code)} of ${code(is.failed)}`,
    ...(is.successor ? [`* Successor: ${code(is.successor)}`] : []),
    `* Began ${exactly(is.started)}, ended ${exactly(is.ended)}, took ${duration(is.took_ms)}`,
    ...(is.outage ? [`* Without writes: ${is.outage.took_ms === null ? "until the end of the record" : duration(is.outage.took_ms)}`] : []),
    `* Lost servers: ${is.lost.length === 0 ? "none" : is.lost.map(code).join(", ")}`,
    `* Led by ${code(is.node)}`,
    `* ${is.acknowledged ? `Acknowledged by ${plain(is.acknowledged.by)}: ${plain(is.acknowledged.comment)}` : "Not acknowledged"}`,
    ...is.errors.map((error) => `* Error: ${plain(error)}`),
    "",
    "| # | phase | server | step | state | began | took |",
    "| - | - | - | - | - | - | - |",
    ...is.steps.map((step) => `| ${step.n} | ${step.phase} | ${code(step.server)} | ${plain(step.action)} | ${step.state} | ${step.started ? exactly(step.started) : ""} | ${step.took_ms === null ? "" : duration(step.took_ms)} |`),
    "",
    ...is.log.map((line) => `* ${exactly(line.at)} ${plain(line.text)}`),
    "",
    `orchestrator ${plain(version)}, ${address}`,
    "",
  ];
  return lines.join("\n");
}

export const plain = (text: string): string => text.replace(/[\r\n]+/g, " ").replace(/[\\`*_{}[\]<>#|!~]/g, "\\$&");
export const code = (text: string): string => "`" + text.replace(/[\r\n]+/g, " ").replaceAll("`", "'").replaceAll("|", "\\|") + "`";
