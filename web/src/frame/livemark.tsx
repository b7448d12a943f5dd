import type { JSX } from "preact";
import { connection } from "../api/events.ts";
import { clock } from "../model/clock.ts";
import { span, text } from "../words/en.ts";
import { frozen, silentFor } from "./banners.tsx";

/** Whether what is shown is what is, and how old it is. */
export function LiveMark(): JSX.Element {
  void clock.value;
  const word = connection.value.open ? text.live : frozen() ? text.frozen : text.catchingUp;
  return (
    <div class="live">
      <i class="dot" />
      <span>{word}</span>
      <span class="muted">{connection.value.open ? `by ${connection.value.node}` : `${span(silentFor())} old`}</span>
    </div>
  );
}
