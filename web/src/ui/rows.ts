/** Walks with the arrow keys through whatever carries data-row below the element that has the handler. */
export function walkRows(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const ends = { Home: 0, End: -1 }[event.key];
  const row = (event.target as HTMLElement).closest<HTMLElement>("[data-row]");
  if (!row || (step === undefined && ends === undefined)) return;
  const all = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[data-row]")];
  const next = ends === undefined ? all[all.indexOf(row) + step!] : all.at(ends);
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}
