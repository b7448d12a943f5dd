import type { JSX } from "preact";
import type { Grants as Needed, GrantsFor } from "../../api/types.ts";
import { useResource } from "../../model/resource.ts";
import { copyText } from "../../ui/copy.ts";
import { Loaded } from "../../ui/states.tsx";
import { discoverText } from "../../words/discover.ts";

/** The statements that make the account by which servers are managed. */
export function Grants(): JSX.Element {
  const needed = useResource<Needed>("grants");
  return (
    <div class="grants">
      <p class="small">{discoverText.forTheUserOfMysqltopologyuser}</p>
      <Loaded of={needed}>{(is) => is.items.map((item) => <Statements key={item.servers} of={item} />)}</Loaded>
    </div>
  );
}

/** Those for servers of some versions. What is copied is what is needed every day. */
const Statements = ({ of }: { of: GrantsFor }): JSX.Element => (
  <div>
    <h3>
      {of.servers}
      <button type="button" class="link" onClick={() => void copyText(of.statements.filter((s) => !s.optional).map((s) => s.sql).join("\n"))}>
        {discoverText.copy}
      </button>
    </h3>
    {of.statements.map((s) => (
      <div key={s.sql}>
        <p class="small">{s.optional ? discoverText.onlyFor(s.for) : s.for}</p>
        <code class="stmt">{s.sql}</code>
      </div>
    ))}
  </div>
);
