import type { JSX } from "preact";
import type { Compared } from "../api/types.ts";
import { kept, longest } from "../layout/outlook.ts";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { outlookText } from "../words/cluster.ts";
import { duration } from "../words/en.ts";

/** Each takeover as two bars below one another: what was foretold, and what it took. */
export function Comparison({ of }: { of: Compared[] }): JSX.Element {
  const most = longest([], of);
  const width = (ms: number): { width: string } => ({ width: `${(ms / most) * 100}%` });
  return (
    <>
      <p class="small">{outlookText.kept(kept(of), of.length)}</p>
      <ul class="compared">
        {of.slice(-8).map((one) => (
          <li key={one.recovery}>
            <a class="link" href={url(`audit-recovery/uid/${part(one.recovery)}`)}>
              <Time at={one.at} />
            </a>
            <div aria-hidden="true">
              <i class="c-foretold" style={width(one.foretold_ms)} />
              <i class={one.took_ms <= one.foretold_ms ? "c-took" : "c-took longer"} style={width(one.took_ms)} />
            </div>
            <small>{outlookText.compared(duration(one.foretold_ms), duration(one.took_ms))}</small>
          </li>
        ))}
      </ul>
    </>
  );
}
