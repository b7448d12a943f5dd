import type { JSX } from "preact";
import type { Binlogs, Holder } from "../../api/types.ts";
import { name } from "../../tree/names.ts";
import { feedText } from "../../words/binlogs.ts";

/** From whose binary logs the others could go on, and what forbids the rest. */
export function Feeders({ of }: { of: Binlogs }): JSX.Element | null {
  const asked = of.servers.filter((server) => server.feeds || server.feeds_not);
  if (asked.length < 2) return null;
  return (
    <section class="sheet">
      <h2>{feedText.title}</h2>
      <p class="small">{feedText.means}</p>
      <div class="tscroll">
        <table class="see" aria-label={feedText.title}>
          <thead>
            <tr>
              {feedText.columns.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {asked.map((server) => (
              <tr key={server.server}>
                <th scope="row">
                  <code title={server.server}>{name(server.server)}</code>
                </th>
                <td>{fed(server)}</td>
                <td>
                  <Not of={server.feeds_not ?? []} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const fed = ({ feeds = [], feeds_not = [] }: Holder): string => (feeds_not.length === 0 ? feedText.all : feeds.length === 0 ? feedText.nobody : feeds.map(name).join(", "));

const Not = ({ of }: { of: NonNullable<Holder["feeds_not"]> }): JSX.Element | null =>
  of.length === 0 ? null : (
    <details>
      <summary>{feedText.not(of.length)}</summary>
      <ul>
        {of.map((one) => (
          <li key={one.server}>
            {one.reason} <small>{feedText.rule(one.rule)}</small>
          </li>
        ))}
      </ul>
    </details>
  );
