import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { OperationInfo, Possible } from "../api/types.ts";
import { useResource } from "../model/resource.ts";
import { name } from "../tree/names.ts";
import { useDismiss } from "../ui/dismiss.ts";
import { begin, operations, readOperations } from "./cluster-begin.tsx";
import { menuText } from "../words/acts.ts";

/** Everything that can be done with a server, by group; what is not possible now says why. */
export function Menu({ server }: { server: string }): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useDismiss(box, open, () => setOpen(false));
  useEffect(() => void (open && readOperations()), [open]);
  const pick = (operation: OperationInfo): void => {
    setOpen(false);
    begin(operation, server);
  };
  return (
    <div class="opsmenu" ref={box}>
      <button type="button" class="btn icon ghost" aria-label={menuText.moreFor(name(server))} aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>
        <svg class="i" aria-hidden="true">
          <use href="#i-more" />
        </svg>
      </button>
      {open && <List server={server} onPick={pick} />}
    </div>
  );
}

const levels = ["", menuText.pauses, menuText.mayLose];

function List({ server, onPick }: { server: string; onPick: (operation: OperationInfo) => void }): JSX.Element {
  const possible = useResource<Possible[]>(`instances/${encodeURIComponent(server)}/operations`);
  const box = useRef<HTMLDivElement>(null);
  const why = new Map(possible.value?.map((one) => [one.operation, one]));
  const fitting = (operations.value ?? []).filter((operation) => operation.on_server && operation.changes && operation.plan);
  const groups = [...new Set(fitting.map((operation) => operation.section))];
  useLayoutEffect(() => box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus(), [operations.value === null]);
  const walk = (event: KeyboardEvent): void => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const all = [...box.current!.querySelectorAll<HTMLElement>("[role=menuitem]")];
    all[(all.indexOf(document.activeElement as HTMLElement) + (event.key === "ArrowDown" ? 1 : all.length - 1)) % all.length]?.focus();
  };
  return (
    <div class="menu ops" role="menu" aria-label={menuText.operationsOn(name(server))} ref={box} onKeyDown={walk} aria-busy={possible.value === null || operations.value === null}>
      {groups.map((group) => (
        <div key={group} role="group" aria-label={group}>
          <p class="menu-head" aria-hidden="true">
            {group}
          </p>
          {fitting
            .filter((operation) => operation.section === group)
            .map((operation) => {
              const is = why.get(operation.name);
              const no = !operation.allowed ? menuText.needsTheRole(operation.role) : is && !is.possible ? (is.reason ?? menuText.notPossibleNow) : undefined;
              return (
                <button key={operation.name} type="button" role="menuitem" tabIndex={-1} aria-disabled={no !== undefined} class={operation.level === 2 ? "danger" : ""} onClick={() => no === undefined && onPick(operation)}>
                  <b>{operation.name}</b>
                  <small>{operation.sentence}</small>
                  {operation.level > 0 && no === undefined && <small class="t-warn">{levels[operation.level]}</small>}
                  {no !== undefined && <small class="no">{no}</small>}
                </button>
              );
            })}
        </div>
      ))}
    </div>
  );
}
