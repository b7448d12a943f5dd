import type { JSX } from "preact";
import { clock } from "../model/clock.ts";
import { preferences } from "../model/preferences.ts";
import { exactly, moment } from "../words/en.ts";

/** A moment: how long ago, or when; the exact time in UTC is what is copied, printed and shown on hovering. */
export const Time = ({ at }: { at: string | null | undefined }): JSX.Element => (
  <time dateTime={at ?? ""} title={exactly(at)}>
    <span class="no-print">{moment(at, clock.value, preferences.value.zone === "utc")}</span>
    <span class="only-print">{exactly(at)}</span>
  </time>
);
