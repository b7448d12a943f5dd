import type { JSX } from "preact";
import { mayOperate } from "../model/me.ts";
import { serverCell } from "../model/cluster.ts";
import { declare } from "../tree/declare.ts";
import { commonSource, pickUp } from "../tree/moving.ts";
import { name } from "../tree/names.ts";
import { select } from "../tree/selection.ts";
import { Acts } from "../ui/acts.tsx";
import { Button } from "../ui/button.tsx";
import { Mark } from "../ui/marks.tsx";
import { plural, statusWord } from "../words/en.ts";

/** Several servers at once. */
export function Several({ keys, onClose }: { keys: readonly string[]; onClose: () => void }): JSX.Element {
  const source = commonSource(keys);
  return (
    <div class="pn">
      <div class="pn-top">
        <h2>{plural(keys.length, "server")} selected</h2>
        <Button kind="icon ghost" icon="x" label="Select none" onClick={onClose} />
      </div>
      <Acts class="pn-acts">
        <Button disabled={!source} onClick={() => source && pickUp(source, "keys", { all: true, only: keys })}>
          Move together…
        </Button>
        <Button onClick={() => declare("downtime", keys)}>Downtime…</Button>
      </Acts>
      <Acts class="pn-acts">
        <Button onClick={() => declare("tags", keys)}>Tags…</Button>
        <Button onClick={() => declare("rule", keys)}>Promotion rule…</Button>
      </Acts>
      {!source && mayOperate.value && <p class="small">They can be moved together when they replicate from the same source.</p>}
      <ul class="why several">
        {keys.map((key) => {
          const server = serverCell(key)?.value;
          return (
            <li key={key}>
              <button type="button" class="link" onClick={() => select(key)}>
                {name(key)}
              </button>
              <span>
                {server && <Mark status={server.status} label={false} />} {server ? server.sentence || statusWord[server.status] : "not part of the cluster"}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
