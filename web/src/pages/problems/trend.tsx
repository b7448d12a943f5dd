import type { JSX } from "preact";
import type { ProblemServer } from "../../api/types.ts";
import { Icon } from "../../ui/marks.tsx";
import { span } from "../../words/en.ts";
import { problemsText, trendWord } from "../../words/lists.ts";

const words = problemsText.trend;

/** Whether the lag of a server grows: in words, and as an arrow that points where it goes. */
export function TrendOf({ of }: { of: Pick<ProblemServer, "trend"> }): JSX.Element {
  const is = of.trend;
  if (!is) return <span class="r-tr" />;
  const more = is.seconds === null ? words.lost : is.is === "steady" ? "" : words.by(signed(is.seconds), span(is.over_s));
  const done = is.done_s !== null && is.done_s > 0 ? words.done(roughly(is.done_s)) : "";
  return (
    <span class={`r-tr tr-${is.is}`}>
      <b>
        <Icon name="arrow" /> {trendWord[is.is]}
      </b>
      <span class="muted">{[more, done].filter(Boolean).join(", ")}</span>
    </span>
  );
}

/** How long it will take, to the minute where it is longer than one. */
const roughly = (seconds: number): string => span(seconds < 60 ? seconds : Math.round(seconds / 60) * 60);

/** A difference with its sign. */
const signed = (seconds: number): string => `${seconds < 0 ? "−" : "+"}${span(Math.abs(seconds))}`;
