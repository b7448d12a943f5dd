import type { ComponentChildren, JSX } from "preact";
import { canAct, hindered } from "../model/acting.ts";
import { mayOperate } from "../model/me.ts";

/** Buttons that change something: not there for those who may only look, and off while nothing can be changed. */
export const Acts = ({ class: name, children }: { class: string; children: ComponentChildren }): JSX.Element | null =>
  mayOperate.value ? (
    <fieldset class={`acts ${name}`} disabled={!canAct.value} title={hindered.value || undefined}>
      {children}
    </fieldset>
  ) : null;
