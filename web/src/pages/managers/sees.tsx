import type { JSX } from "preact";
import type { AttentionPoint, NodeReports, Nodes, SeenBy } from "../../api/types.ts";
import { name } from "../../tree/names.ts";
import { Icon, Mark } from "../../ui/marks.tsx";
import { Time } from "../../ui/time.tsx";
import { part, url } from "../../url.ts";
import type { Status } from "../../words/en.ts";
import { managersText } from "../../words/service.ts";

const marks: Record<SeenBy["status"], Status> = { ok: "ok", stale: "stale", crit: "crit", unknown: "stale" };

/** The servers on which the managers differ, or which any of them does not find well. */
export function Sees({ of, is }: { of: NodeReports; is: Nodes }): JSX.Element {
  const heads = of.nodes.filter((node) => !node.witness);
  const called = (id: string): string => is.nodes.find((node) => node.id === id)?.name ?? id;
  return (
    <div>
      <h2>{managersText.sees}</h2>
      <div class="tscroll">
        <table class="see" aria-label={managersText.sees}>
          <thead>
            <tr>
              <th scope="col">{managersText.server}</th>
              {heads.map((node) => (
                <th key={node.id} scope="col">
                  {called(node.id)}
                  {node.told_at && (
                    <small>
                      {managersText.saidSo} <Time at={node.told_at} />
                    </small>
                  )}
                </th>
              ))}
              {heads.length > 1 && <th scope="col">{managersText.together}</th>}
            </tr>
          </thead>
          <tbody>
            {of.sees.slice(0, most).map((seen) => (
              <tr key={seen.server}>
                <th scope="row">
                  <a class="link" href={url(`cluster/instance/${part(seen.server.replace(/:(\d+)$/, ""))}/${seen.server.replace(/^.*:/, "")}`)}>
                    <code>{name(seen.server)}</code>
                  </a>
                </th>
                {seen.by.map((by) => (
                  <td key={by.node} title={by.text || undefined}>
                    <Mark status={marks[by.status]} label={managersText.seenAs[by.status]} />
                    {by.text && <span class="vh"> {by.text}</span>}
                  </td>
                ))}
                {heads.length > 1 && <td class={seen.agree ? "" : "t-warn"}>{seen.together}</td>}
              </tr>
            ))}
            <tr>
              <th scope="row">{managersText.others(of.alike + Math.max(0, of.sees.length - most), of.sees.length)}</th>
              {heads.map((node) => (
                <td key={node.id}>{node.error ? <Mark status="stale" label={managersText.seenAs.unknown} /> : <Mark status="ok" label={managersText.seenAs.ok} />}</td>
              ))}
              {heads.length > 1 && <td>{managersText.agree}</td>}
            </tr>
          </tbody>
        </table>
      </div>
      {of.rule && <p class="small">{of.rule}</p>}
    </div>
  );
}

const most = 40;

const icons: Record<AttentionPoint["status"], [string, string]> = { ok: ["check", "g-y"], info: ["", ""], warn: ["problems", "g-w"], crit: ["x", "g-n"] };

/** What somebody should look at, and what is as it should be. */
export const Attention = ({ of }: { of: AttentionPoint[] }): JSX.Element => (
  <div>
    <h2>{managersText.attention}</h2>
    <ul class="gates">
      {of.map((point) => (
        <li key={point.text} class={icons[point.status][1]}>
          {icons[point.status][0] ? <Icon name={icons[point.status][0]} /> : <Mark status="info" label={false} />}
          <div>
            <span>
              <span class="vh">{managersText.points[point.status]} </span>
              {point.text}
            </span>
            <small>
              {point.more}
              {point.at && (
                <>
                  {point.more && " · "}
                  <Time at={point.at} />
                </>
              )}
            </small>
          </div>
        </li>
      ))}
    </ul>
  </div>
);
