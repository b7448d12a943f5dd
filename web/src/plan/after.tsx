import type { JSX } from "preact";
import type { Aftermath } from "../api/types.ts";
import { mayOperate } from "../model/me.ts";
import { Button } from "../ui/button.tsx";
import { planText } from "../words/plan.ts";
import { ask } from "./model.ts";

/** What a plan leaves that did not come to its end: what was taken back, what stays, and the next safe step. */
export function After({ of }: { of: Aftermath }): JSX.Element {
  const again = of.again;
  return (
    <>
      {of.undone > 0 && <p>{planText.stepsBack(of.undone)}</p>}
      {of.stays.length > 0 && (
        <>
          <p>{planText.stays}</p>
          <ul>
            {of.stays.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </>
      )}
      <p>{of.text}</p>
      {again && mayOperate.value && <Button onClick={() => void ask(again.operation, again.arguments ?? {})}>{planText.askAnew}</Button>}
    </>
  );
}
