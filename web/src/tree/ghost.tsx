import type { JSX } from "preact";
import { Icon } from "../ui/marks.tsx";
import { duration, text } from "../words/en.ts";
import { ghostText } from "../words/tree.ts";
import { allowed, ghostAt, meansSwap, type Moving, sentence, verdictOn, what } from "./moving.ts";

/** What is moved, at the pointer, with the verdict on what is below it. */
export function Ghost({ of }: { of: Moving }): JSX.Element {
  const { x, y } = ghostAt.value;
  const verdict = of.over === undefined ? undefined : verdictOn(of, of.over);
  const fine = verdict !== undefined && allowed(of, verdict.target) && (verdict.ok || verdict.swap !== undefined);
  const swap = verdict !== undefined && meansSwap(of, verdict);
  const place = { left: `${Math.max(8, Math.min(x + 14, innerWidth - 332))}px`, top: `${Math.max(8, Math.min(y + 16, innerHeight - 120))}px` };
  return (
    <div class={`dragghost ${verdict ? (fine ? "yes" : "no") : ""}`} style={place} aria-hidden="true">
      <div class="g1">
        <Icon name="grip" />
        <b>{what(of)}</b>
      </div>
      {!of.verdicts && <p class="g3">{text.asking}</p>}
      {verdict && (
        <>
          <p class="g2">
            <Icon name={fine ? "check" : "x"} />
            <span>{sentence(of, verdict)}</span>
          </p>
          <p class="g3">
            {swap
              ? ghostText.planFirst
              : verdict.ok
                ? [verdict.estimate_ms === null ? "" : ghostText.about(duration(verdict.estimate_ms)), verdict.swap ? ghostText.leftThird : ""].filter(Boolean).join(" · ") || ghostText.drop
                : (verdict.remedy ?? "")}
          </p>
        </>
      )}
      {of.verdicts && !verdict && <p class="g3">{of.how === "keys" ? ghostText.byKeys : ghostText.byPointer}</p>}
    </div>
  );
}
