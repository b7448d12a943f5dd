import type { JSX } from "preact";
import type { Found, RecoveryDetail, ServerFound } from "../../api/types.ts";
import { byName, forest, type Standing } from "../../layout/forest.ts";
import { Mark } from "../../ui/marks.tsx";
import { evidenceText } from "../../words/course.ts";
import { exactly, type Status } from "../../words/en.ts";
import { treesText } from "../../words/fall.ts";

type Named = { is: RecoveryDetail; name: (key: string) => string };

const none = <p>{treesText.none}</p>;
const fateWord: Record<ServerFound["fate"], string> = treesText.fate;
const fateStatus: Record<ServerFound["fate"], Status> = { failed: "crit", successor: "ok", lost: "crit", moved: "info", same: "ok" };

/** Who replicated from whom, and where each went by the steps that were done. */
export function BeforeAfter({ is, name }: Named): JSX.Element {
  if (!is.found) return none;
  const { servers, more } = is.found;
  const moved = servers.filter((one) => one.fate === "moved").length;
  return (
    <>
      <h2>{treesText.beforeAndAfter}</h2>
      <p>
        {treesText.moved(moved)}
        {more > 0 && treesText.notListed(more)}
      </p>
      <div class="two">
        <Tree title={treesText.before} of={servers} name={name} source={(one) => one.before} says={() => null} />
        <Tree title={treesText.after} of={servers} name={name} source={(one) => one.after} says={(one) => one.fate !== "same" && <><Mark status={fateStatus[one.fate]} label={false} /> {fateWord[one.fate]}</>} />
      </div>
    </>
  );
}

type TreeProps = { title: string; of: ServerFound[]; name: (key: string) => string; source: (one: ServerFound) => string | undefined; says: (one: ServerFound) => JSX.Element | false | null };

function Tree({ title, of, name, source, says }: TreeProps): JSX.Element {
  const found = new Map(of.map((one) => [one.server, one]));
  const { parts, children } = forest(of.map((one): Standing => ({ key: one.server, source: source(one) ?? "", source_known: true, role: "replica", read_only: false, status: "ok", site: "" })));
  const list = (keys: readonly string[]): JSX.Element => (
    <ul>
      {[...keys].sort(byName).map((key) => (
        <li key={key} data-fate={found.get(key)?.fate}>
          <code title={key}>{name(key)}</code> <small>{says(found.get(key)!)}</small>
          {(children.get(key)?.length ?? 0) > 0 && list(children.get(key)!)}
        </li>
      ))}
    </ul>
  );
  return (
    <section class="past-tree" aria-label={title}>
      <h3>{title}</h3>
      {parts.map((tree) => list(tree.roots))}
    </section>
  );
}

/** What the recovery rests on: what managers and servers saw, and when. */
export function Evidence({ is, name }: Named): JSX.Element {
  if (!is.found) return none;
  const { at, last_seen, evidence, managers, servers } = is.found;
  return (
    <>
      <h2>{evidenceText.evidence}</h2>
      <p class="small">
        {evidenceText.asHad(is.node, at)}
        {last_seen && evidenceText.answeredLast(name(is.failed), last_seen)}
      </p>
      {evidence.length > 0 ? (
        <ul class="evidence">
          {evidence.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      ) : (
        <p>{evidenceText.askedFor}</p>
      )}
      <h3>{evidenceText.otherManagers}</h3>
      {managers.length === 0 ? <p class="muted">{evidenceText.noneAsked}</p> : <Managers of={managers} />}
      <h3>{evidenceText.servers}</h3>
      <div class="tscroll">
        <table class="see" aria-label={evidenceText.whatTheySaid}>
          <thead>
            <tr>
              {evidenceText.columns.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {servers.map((one) => (
              <tr key={one.server}>
                <td>
                  <code>{name(one.server)}</code>
                </td>
                <td>{exactly(one.checked)}</td>
                <td>
                  <Mark status={one.answered ? "ok" : "crit"} label={false} /> {one.answered ? evidenceText.yes : evidenceText.no}
                </td>
                <td>{one.before ? (one.receiving ? evidenceText.connected(name(one.before)) : evidenceText.notConnected(name(one.before))) : evidenceText.hasNone}</td>
                <td class="said">{one.says}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

const Managers = ({ of }: { of: Found["managers"] }): JSX.Element => (
  <ul class="evidence">
    {of.map((one) => (
      <li key={one.node}>
        <Mark status={one.agrees ? "ok" : "stale"} label={false} /> <code>{one.node}</code> {one.agrees ? evidenceText.agrees(one.why) : one.why}
        {one.agrees && !one.sees && evidenceText.blind}
      </li>
    ))}
  </ul>
);
