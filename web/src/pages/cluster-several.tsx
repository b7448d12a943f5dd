import type { JSX } from "preact";
import { mayOperate } from "../model/me.ts";
import { serverCell } from "../model/cluster.ts";
import { declare } from "../tree/declare.ts";
import { carry } from "../tree/keys.ts";
import { commonSource } from "../tree/moving.ts";
import { name } from "../tree/names.ts";
import { select } from "../tree/selection.ts";
import { Acts } from "../ui/acts.tsx";
import { Button } from "../ui/button.tsx";
import { Mark } from "../ui/marks.tsx";
import { plural, statusWord } from "../words/en.ts";
import { severalText } from "../words/acts.ts";

/** Several servers at once. */
export function Several({ keys, onClose }: { keys: readonly string[]; onClose: () => void }): JSX.Element {
  const source = commonSource(keys);
  return (
    <div class="pn">
      <div class="pn-top">
        <h2>{plural(keys.length, "server")} selected</h2>
        <Button kind="icon ghost" icon="x" label={severalText.selectNone} onClick={onClose} />
      </div>
      <Acts class="pn-acts">
        <Button disabled={!source} onClick={() => carry(keys[0]!)}>
          {severalText.moveTogether}
        </Button>
        <Button onClick={() => declare("downtime", keys)}>{severalText.downtime}</Button>
      </Acts>
      <Acts class="pn-acts">
        <Button onClick={() => declare("tags", keys)}>{severalText.tags}</Button>
        <Button onClick={() => declare("rule", keys)}>{severalText.promotionRule}</Button>
      </Acts>
      {!source && mayOperate.value && <p class="small">{severalText.sameSource}</p>}
      <ul class="why several">
        {keys.map((key) => {
          const server = serverCell(key)?.value;
          return (
            <li key={key}>
              <button type="button" class="link" onClick={() => select(key)}>
                {name(key)}
              </button>
              <span>
                {server && <Mark status={server.status} label={false} />} {server ? server.sentence || statusWord[server.status] : severalText.notPartOfTheCluster}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
