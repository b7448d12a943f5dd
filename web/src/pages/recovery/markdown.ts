import type { RecoveryDetail } from "../../api/types.ts";
import { reportText } from "../../words/course.ts";
import { duration, exactly } from "../../words/en.ts";

/** A recovery as text that tickets and chats can show. What came from servers and people is shown as it is, never as markup. */
export function markdown(is: RecoveryDetail, address: string, version: string): string {
  const lines = [
    `# ${plain(is.alias || is.cluster)}: ${plain(is.headline)}`,
    "",
    plain(is.sentence),
    "",
    reportText.failure(plain(is.code), code(is.failed)),
    ...(is.successor ? [reportText.successor(code(is.successor))] : []),
    reportText.times(exactly(is.started), exactly(is.ended), duration(is.took_ms)),
    ...(is.outage ? [reportText.withoutWrites(is.outage.took_ms === null ? null : duration(is.outage.took_ms))] : []),
    reportText.lost(is.lost.map(code).join(", ")),
    reportText.led(code(is.node)),
    is.acknowledged ? reportText.acknowledged(plain(is.acknowledged.by), plain(is.acknowledged.comment)) : reportText.notAcknowledged,
    ...is.errors.map((error) => reportText.error(plain(error))),
    "",
    reportText.table,
    "| - | - | - | - | - | - | - |",
    ...is.steps.map((step) => `| ${step.n} | ${step.phase} | ${code(step.server)} | ${plain(step.action)} | ${step.state} | ${step.started ? exactly(step.started) : ""} | ${step.took_ms === null ? "" : duration(step.took_ms)} |`),
    "",
    ...is.log.map((line) => `* ${exactly(line.at)} ${plain(line.text)}`),
    "",
    reportText.product(plain(version), address),
    "",
  ];
  return lines.join("\n");
}

export const plain = (text: string): string => text.replace(/[\r\n]+/g, " ").replace(/[\\`*_{}[\]<>#|!~]/g, "\\$&");
export const code = (text: string): string => "`" + text.replace(/[\r\n]+/g, " ").replaceAll("`", "'").replaceAll("|", "\\|") + "`";
