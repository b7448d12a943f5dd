import type { JSX } from "preact";
import type { Binlogs, HeldLane, HeldSource } from "../../api/types.ts";
import { type Axis, axisOf, countOf, lanesShown, piecesOf } from "../../layout/lanes.ts";
import { name } from "../../tree/names.ts";
import { count } from "../../words/en.ts";
import { laneText } from "../../words/binlogs.ts";

const kinds = ["logged", "purged", "missing", "errant"] as const;
const lanesAtMost = 12;
const rowsAtMost = 100;

/** Who is ahead and what would be lost, in words; who has what, as lanes; and all of it as a table. */
export function Held({ of }: { of: Binlogs }): JSX.Element {
  const silent = new Set(of.servers.filter((server) => !server.known).map((server) => server.server));
  return (
    <section class="sheet held">
      <div class="held-top">
        <h2>{laneText.title}</h2>
        {of.sources.length > 0 && (
          <span class="held-key" aria-hidden="true">
            {kinds.map((kind) => (
              <span key={kind}>
                <i class={`lane-${kind}`} />
                {laneText.kinds[kind]}
              </span>
            ))}
          </span>
        )}
      </div>
      {of.answers.map((answer) => (
        <p key={answer}>{answer}</p>
      ))}
      {of.sources.map((source) => (
        <Source key={source.name} of={source} silent={silent} />
      ))}
      {of.sources.length > 0 && <p class="small">{laneText.skew}</p>}
      <details>
        <summary>{laneText.asTable}</summary>
        <Table of={of} />
      </details>
    </section>
  );
}

function Source({ of, silent }: { of: HeldSource; silent: ReadonlySet<string> }): JSX.Element {
  const axis = axisOf(of);
  const { shown, whole, without } = lanesShown(of.lanes, lanesAtMost);
  return (
    <>
      <h3>
        <code class="wrap">{of.name}</code> {of.server && <span>{name(of.server)}</span>} <span class="muted">{laneText.newest(axis.to - axis.from + 1, of.count)}</span>
      </h3>
      <ul class="lanes">
        {shown.map((lane) => (
          <Lane key={lane.server} of={lane} axis={axis} silent={silent.has(lane.server)} />
        ))}
      </ul>
      {whole > 0 && <p class="small">{laneText.restWhole(whole)}</p>}
      {without > 0 && <p class="small">{laneText.restWithout(without)}</p>}
    </>
  );
}

function Lane({ of, axis, silent }: { of: HeldLane; axis: Axis; silent: boolean }): JSX.Element {
  const errant = countOf(of, "errant");
  const words = [
    silent ? laneText.silent : of.runs.length === 0 ? laneText.nothing : "",
    of.lacks > 0 ? laneText.behind(of.lacks) : "",
    errant > 0 ? laneText.errant(errant) : "",
    of.cut_off ? laneText.cutOff : "",
  ].filter(Boolean);
  return (
    <li>
      <code title={of.server}>{name(of.server)}</code>
      <span class="small">{words.join(", ") || laneText.all}</span>
      <div class="lane" aria-hidden="true">
        {piecesOf(of, axis).map(({ kind, from, width, run }) => (
          <i key={run.first} class={`lane-${kind}`} style={{ left: `min(${from * 100}%, calc(100% - 9px))`, width: `${width * 100}%` }} title={`${laneText.kinds[kind]}: ${laneText.numbers(run.first, run.last)}`} />
        ))}
      </div>
    </li>
  );
}

const Table = ({ of }: { of: Binlogs }): JSX.Element => (
  <div class="tscroll">
    <table class="see" aria-label={laneText.table}>
      <thead>
        <tr>
          {laneText.columns.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {of.servers.slice(0, rowsAtMost).map((server) => (
          <tr key={server.server}>
            <th scope="row">
              <code title={server.server}>{name(server.server)}</code>
            </th>
            <td>{server.position}</td>
            <td>{server.applied}</td>
            <td>{!server.known ? laneText.silent : server.lacks > 0 ? <Numbered n={server.lacks} set={server.missing} /> : laneText.nothing}</td>
            <td>{server.known ? count(server.alone) : laneText.silent}</td>
            <td>
              <code class="wrap">{server.executed_set}</code>
            </td>
            <td>
              <code class="wrap">{server.purged_set}</code>
            </td>
            <td>{server.errant && <code class="wrap t-warn">{server.errant}</code>}</td>
          </tr>
        ))}
      </tbody>
    </table>
    {of.servers.length > rowsAtMost && <p class="small">{laneText.notAll(of.servers.length - rowsAtMost)}</p>}
  </div>
);

const Numbered = ({ n, set }: { n: number; set: string }): JSX.Element => (
  <>
    {count(n)} <code class="wrap">{set}</code>
  </>
);
