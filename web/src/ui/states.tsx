import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../api/types.ts";
import type { Resource } from "../model/resource.ts";
import { connection } from "../api/events.ts";
import { text, problemText } from "../words/en.ts";
import { Mark } from "./marks.tsx";

/** A part of a screen that rests on something the server has to say first. A part that fails leaves the rest alone. */
export function Loaded<T>({ of, rows = 6, children }: { of: Resource<T>; rows?: number; children: (value: T) => ComponentChildren }): JSX.Element {
  if (of.value === null) return of.problem ? <Failed problem={of.problem} again={of.reload} /> : <Skeleton rows={rows} />;
  return (
    <>
      {of.problem && <Failed problem={of.problem} again={of.reload} />}
      {children(of.value)}
    </>
  );
}

/** Rows of the final height. They appear only when the answer takes its time. */
export function Skeleton({ rows }: { rows: number }): JSX.Element {
  const [shown, show] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => show(true), 120);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="rows skeleton" aria-busy="true" aria-label={text.loading}>
      {shown && Array.from({ length: rows }, (_, n) => <div key={n} class="row" />)}
    </div>
  );
}

/** What failed, in the server's words, and a way to try again. */
export const Failed = ({ problem, again }: { problem: Problem; again?: () => void }): JSX.Element => (
  <div class="failed" role="alert">
    <Mark status="crit" label={false} />
    <div>
      <b>{problem.detail || problem.title}</b>
      <p class="small">
        {[problem.remedy, problem.status > 0 ? `${problem.status} ${problem.title}` : "", connection.value.node && problemText.saidBy(connection.value.node)].filter(Boolean).join(" · ")}
      </p>
    </div>
    {again && (
      <button type="button" class="link" onClick={again}>
        {text.tryAgain}
      </button>
    )}
  </div>
);

/** Nothing to show: why, and what next. */
export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }): JSX.Element => (
  <div class="hero empty">
    <p class="big">{title}</p>
    {children}
  </div>
);
