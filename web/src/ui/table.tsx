import type { ComponentChildren, JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { walkRows } from "./rows.ts";
import { windowOf } from "./virtual.tsx";

export type Column<T> = { id: string; name: string; number?: boolean; value: (row: T) => string | number | null; /** By which it is sorted, when not by the value. */ rank?: (row: T) => number; show?: (row: T) => ComponentChildren };

const rowHeight = 37;
const fewest = 150;

/** What is not known comes last, whichever way it is sorted. */
export function compareValues(a: string | number | null, b: string | number | null, down: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
  return down ? -order : order;
}

/** The rows as a column sorts them; rows of equal values stand by their names, and all do when there is no such column. */
export function inOrder<T>(rows: readonly T[], column: Column<T> | undefined, down: boolean, name: (row: T) => string): T[] {
  const byName = (a: T, b: T): number => (name(a) < name(b) ? -1 : 1);
  const value = column?.rank ?? column?.value;
  return [...rows].sort((a, b) => (value ? compareValues(value(a), value(b), down) : 0) || byName(a, b));
}

/** A table whose heads ask for another order of its rows. Of many rows only those in view exist. */
export function Sorted<T>({ columns, rows, name, by, down, label, onSort }: {
  columns: readonly Column<T>[];
  rows: readonly T[];
  name: (row: T) => string;
  by: string;
  down: boolean;
  label: string;
  onSort: (id: string, down: boolean) => void;
}): JSX.Element {
  const body = useRef<HTMLTableSectionElement>(null);
  const [[first, end], show] = useState<[number, number]>([0, 60]);
  const virtual = rows.length > fewest;
  useLayoutEffect(() => {
    if (!virtual) return;
    const look = (): void => {
      const next = windowOf(rows.length, rowHeight, body.current!.getBoundingClientRect().top, innerHeight);
      show((was) => (was[0] === next[0] && was[1] === next[1] ? was : next));
    };
    look();
    addEventListener("scroll", look, { passive: true, capture: true });
    return () => removeEventListener("scroll", look, { capture: true });
  }, [virtual, rows.length]);
  const shown = virtual ? rows.slice(first, end) : rows;
  const gap = (n: number): JSX.Element | false => virtual && n > 0 && <tr aria-hidden="true" style={{ height: `${n * rowHeight}px` }} />;
  return (
    <div class="tscroll sheet flush" onKeyDown={walkRows}>
      <table class={virtual ? "see list fixed" : "see list"} aria-label={label} aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" class={column.number ? "num" : ""} aria-sort={column.id === by ? (down ? "descending" : "ascending") : "none"}>
                <button type="button" class="sort" onClick={() => onSort(column.id, column.id === by ? !down : Boolean(column.number))}>
                  {column.name}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body}>
          {gap(first)}
          {shown.map((row) => (
            <tr key={name(row)}>
              {columns.map((column) => (
                <td key={column.id} class={column.number ? "num" : ""}>
                  {column.show ? column.show(row) : column.value(row)}
                </td>
              ))}
            </tr>
          ))}
          {gap(rows.length - end)}
        </tbody>
      </table>
    </div>
  );
}

/** A table as text for spreadsheets. A cell that they would take for a formula begins with an apostrophe. */
export function csv(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cell = (value: string | number | null): string => {
    const text = value === null ? "" : typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [head, ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}

/** A table as text: the columns that are shown, the rows as they stand. */
export function asShown<T>(shown: readonly Column<T>[], rows: readonly T[]): string {
  return csv(shown.map((column) => column.name), rows.map((row) => shown.map((column) => column.value(row))));
}
