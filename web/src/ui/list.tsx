import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { List } from "../model/list.ts";
import { amend } from "../model/route.ts";
import { count, plural } from "../words/en.ts";
import { Button } from "./button.tsx";
import { copyText, saveText } from "./copy.ts";
import { walkRows } from "./rows.ts";
import { Empty, Failed, Skeleton } from "./states.tsx";
import { csv } from "./table.tsx";
import { listText } from "../words/list.ts";

export type ListColumn<T> = {
  name: string;
  class?: string;
  /** As text, for CSV. */
  text: (row: T) => string | number | null;
  show: (row: T) => ComponentChildren;
};

/** A field of the filter bar: what is typed or chosen stands in the address. */
export type Field = { name: string; label: string; value: string; choices?: [value: string, name: string][] };

/** The one pattern of all lists: filters, a total, rows that open in place, and more on demand. */
export function ListView<T>({ list, fields, columns, name, thing, detail, opened, empty, label, above }: {
  list: List<T>;
  fields: Field[];
  columns: ListColumn<T>[];
  name: (row: T) => string;
  thing: string;
  label: string;
  detail?: (row: T) => ComponentChildren;
  /** Which rows are open at first. */
  opened?: (row: T) => boolean;
  empty: ComponentChildren;
  /** Between the filters and the rows. */
  above?: ComponentChildren;
}): JSX.Element {
  const filtered = fields.some((field) => field.value !== "");
  return (
    <>
      <div class="filters">
        {fields.map((field) => (
          <FilterField key={field.name} {...field} />
        ))}
        {filtered && (
          <Button kind="ghost" icon="x" onClick={() => amend(Object.fromEntries(fields.map((field) => [field.name, undefined])))}>
            {listText.all}
          </Button>
        )}
        <span class="list-sum">
          <span class="muted" role="status">
            {list.items && plural(list.total, thing)}
          </span>
          <span class="grow" />
          {list.items && list.items.length > 0 && (
            <>
              <Button kind="ghost" onClick={() => void copyText(csv(columns.map((column) => column.name), list.items!.map((row) => columns.map((column) => column.text(row)))))}>
                {listText.copyAsCsv}
              </Button>
              <Button kind="ghost" onClick={() => saveText(`${label.toLowerCase()}.json`, "application/json", JSON.stringify(list.items, null, 2))}>
                JSON
              </Button>
            </>
          )}
        </span>
      </div>
      {above}
      {list.fresh > 0 && (
        <button type="button" class="chip moved" onClick={list.reload}>
          {count(list.fresh)} new
        </button>
      )}
      {list.problem && <Failed problem={list.problem} again={list.reload} />}
      {list.items === null ? (
        !list.problem && <Skeleton rows={8} />
      ) : list.items.length === 0 ? (
        <Empty title={filtered ? listText.noFitsTheFilter(thing) : `No ${thing}.`}>{!filtered && empty}</Empty>
      ) : (
        <div class="tscroll sheet flush" onKeyDown={walkRows}>
          <table class="see list" aria-label={label}>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column.name} scope="col" class={column.class}>
                    {column.name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {list.items.map((row) => (
                <Row key={name(row)} row={row} columns={columns} detail={detail} open={opened?.(row) ?? false} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {list.more && (
        <p class="more-rows">
          <Button onClick={list.more}>{listText.more}</Button> <span class="muted">{listText.of(count(list.items?.length ?? 0), count(list.total))}</span>
        </p>
      )}
    </>
  );
}

function Row<T>({ row, columns, detail, open: first }: { row: T; columns: ListColumn<T>[]; detail: ((row: T) => ComponentChildren) | undefined; open: boolean }): JSX.Element {
  const [open, setOpen] = useState(first);
  return (
    <>
      <tr class={open ? "open" : ""}>
        {columns.map((column, n) => (
          <td key={column.name} class={column.class}>
            {n === 0 && detail ? (
              <button type="button" class="opener" data-row aria-expanded={open} onClick={() => setOpen(!open)}>
                {column.show(row)}
              </button>
            ) : (
              column.show(row)
            )}
          </td>
        ))}
      </tr>
      {open && detail && (
        <tr class="detail">
          <td colSpan={columns.length}>{detail(row)}</td>
        </tr>
      )}
    </>
  );
}

function FilterField({ name, label, value, choices }: Field): JSX.Element {
  if (choices) {
    return (
      <label class="pick">
        <span class="vh">{label}</span>
        <select value={value} onChange={(event) => amend({ [name]: event.currentTarget.value })}>
          <option value="">{label}: all</option>
          {value !== "" && !choices.some(([known]) => known === value) && <option value={value}>{value}</option>}
          {choices.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
    );
  }
  return (
    <input type="text" class="field-in" size={Math.max(11, label.length - 2)} data-filter={name} value={value} placeholder={label} aria-label={label} spellcheck={false} onChange={(event) => amend({ [name]: event.currentTarget.value.trim() })} />
  );
}
