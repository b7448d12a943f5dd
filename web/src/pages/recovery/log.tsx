import type { JSX } from "preact";
import type { RecoveryDetail } from "../../api/types.ts";
import { logText } from "../../words/course.ts";
import { duration, exactly } from "../../words/en.ts";

/** What was written down while it ran, by milliseconds since the beginning. */
export function Log({ is }: { is: RecoveryDetail }): JSX.Element {
  if (is.log.length === 0) return <p>{logText.nothing}</p>;
  const zero = Date.parse(is.started ?? is.log[0]!.at ?? "");
  return (
    <>
      <h2>{logText.log}</h2>
      <table class="see log" aria-label={logText.log}>
        <thead>
          <tr>
            <th scope="col">{logText.after}</th>
            <th scope="col">{logText.time}</th>
            <th scope="col">{logText.what}</th>
          </tr>
        </thead>
        <tbody>
          {is.log.map((line, n) => (
            <tr key={n}>
              <td class="num">{line.at ? duration(Math.max(0, Date.parse(line.at) - zero)) : ""}</td>
              <td>
                <code>{exactly(line.at)}</code>
              </td>
              <td class="said">{line.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
