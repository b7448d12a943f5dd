import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { get } from "../api/client.ts";
import type { Hit, Hits } from "../api/types.ts";
import { completed, isFilter } from "../model/filter.ts";
import { fleet } from "../model/fleet.ts";
import { followAddress } from "../model/route.ts";
import { tellRefusal } from "../model/toasts.ts";
import { Icon, Mark } from "../ui/marks.tsx";
import { part, url } from "../url.ts";
import type { Status } from "../words/en.ts";
import { type Asked, findable, type Found, groups, offered, readOperations, serverAddress } from "./items.ts";
import { grouped, lit, rank } from "./rank.ts";
import { closePalette, palette } from "./state.ts";
import { lastUse, used } from "./uses.ts";
import { paletteText } from "../words/palette.ts";

const withText: [string, number][] = [[groups.clusters, 4], [groups.servers, 5], [groups.actions, 6], [groups.elsewhere, 4], [groups.go, 4]];
const ofObjects: [string, number][] = [[groups.can, 12], [groups.cannot, 12]];
const withoutText: [string, number][] = [[groups.actions, 6], [groups.recent, 4], [groups.go, 12]];

export const Palette = (): JSX.Element | null => (palette.value ? <Opened text={palette.value.text} /> : null);

function Opened({ text: first }: { text: string }): JSX.Element {
  const [text, setText] = useState(first);
  const [at, setAt] = useState(0);
  const [asked, setAsked] = useState<Asked | null>(null);
  const box = useRef<HTMLDialogElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const more = useSearch(asked ? "" : text);

  useLayoutEffect(() => {
    const back = document.activeElement as HTMLElement | null;
    const dialog = box.current!;
    dialog.showModal();
    field.current!.focus();
    field.current!.select();
    void readOperations().catch(() => undefined); // then there are no actions
    return () => {
      dialog.close(); // while it is open, nothing outside takes the focus
      back?.focus?.();
    };
  }, []);

  const filter: Found[] = isFilter(text) ? [{ id: "go filter", group: groups.go, title: paletteText.clustersThatFit(text.trim()), icon: "clusters", to: url("clusters", { q: text.trim() }) }] : [];
  const items = asked ? asked.items : text.trim() === "" ? offered.value : [...findable.value, ...filter];
  const order = asked ? ofObjects : text.trim() === "" ? withoutText : withText;
  const local = useMemo(() => grouped(rank(items, text, lastUse), order, asked ? "" : text), [items, text]);
  // What the server finds besides stands below, so that nothing moves under the fingers.
  const known = new Set(local.flatMap((group) => group.items.map((item) => item.id)));
  const remote = more.items.filter((item) => !known.has(item.id)).slice(0, 12);
  const shown = remote.length > 0 || more.text ? [...local, { name: more.text || groups.more, items: remote }] : local;
  const all = shown.flatMap((group) => group.items);
  const chosen = Math.min(at, Math.max(0, all.length - 1));

  useLayoutEffect(() => {
    document.getElementById(`po${chosen}`)?.scrollIntoView({ block: "nearest" });
  }, [chosen]);

  const open = (item: Found | undefined, newTab: boolean): void => {
    if (!item) {
      if (text.trim() !== "") leave(url("search", { s: text.trim() }), newTab);
      return;
    }
    if (item.no) return;
    used(item.id);
    if (item.ask && !newTab) {
      item.ask().then((next) => (setAsked(next), setText(""), setAt(0)), tellRefusal);
      return;
    }
    if (typeof item.to === "string") leave(item.to, newTab);
    else {
      closePalette();
      item.to();
    }
  };
  const leave = (address: string, newTab: boolean): void => {
    closePalette();
    if (newTab) window.open(address, "_blank", "noopener");
    else followAddress(address);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) setAt(all.length === 0 ? 0 : (chosen + step + all.length) % all.length);
    else if (event.key === "Enter") open(all[chosen], event.ctrlKey || event.metaKey);
    else if (event.key === "Tab" && !asked && completed(text, fleet.value?.clusters ?? []) !== text) (setText(completed(text, fleet.value?.clusters ?? [])), setAt(0));
    else if (event.key === "Tab" && all[chosen]) setText(all[chosen]!.title);
    else if (event.key === "Backspace" && text === "" && asked) (setAsked(null), setAt(0));
    else return;
    event.preventDefault();
  };

  let n = 0;
  return (
    <dialog ref={box} class="pal" aria-label={paletteText.searchAndCommands} onCancel={(event) => (event.preventDefault(), closePalette())} onClick={(event) => event.target === box.current && closePalette()}>
      <div class="pal-in">
        <Icon name="search" />
        <input
          ref={field} type="text" value={text} placeholder={asked?.title ?? paletteText.serverClusterOrAction} role="combobox" aria-expanded="true" aria-controls="pal" aria-autocomplete="list"
          aria-label={asked?.title ?? paletteText.searchOrRunACommand} aria-activedescendant={all.length > 0 ? `po${chosen}` : undefined} spellcheck={false} autocomplete="off"
          onInput={(event) => (setText(event.currentTarget.value), setAt(0))} onKeyDown={onKeyDown}
        />
        <kbd>Esc</kbd>
      </div>
      {asked && <p class="pal-asked">{asked.title}</p>}
      <div class="pal-list" id="pal" role="listbox" aria-label={paletteText.found}>
        {shown.map((group) => (
          <div key={group.name} class="pg" role="group" aria-label={group.name}>
            <h3>{group.name}</h3>
            {group.items.map((item) => {
              const place = n++;
              return <Row key={item.id} item={item} place={place} chosen={place === chosen} query={text} onOpen={(event) => open(item, event.ctrlKey || event.metaKey)} />;
            })}
          </div>
        ))}
        {all.length === 0 && (
          <p class="pal-none">
            {paletteText.nothingIsCalled} <span class="muted">{paletteText.tryAHostAnAlias}</span>
          </p>
        )}
      </div>
      <div class="pal-foot">
        <kbd>↑</kbd>
        <kbd>↓</kbd> choose <kbd>Enter</kbd> open <kbd>Ctrl Enter</kbd> {paletteText.inANewTab}
        <span class="grow" />
        {paletteText.everyChangeShowsItsPlan}
      </div>
    </dialog>
  );
}

function Row({ item, place, chosen, query, onOpen }: { item: Found; place: number; chosen: boolean; query: string; onOpen: (event: MouseEvent) => void }): JSX.Element {
  const [before, match, after] = lit(item.title, query);
  return (
    <div class="pi" role="option" id={`po${place}`} aria-selected={chosen} aria-disabled={item.no} onClick={onOpen}>
      {item.status ? <Mark status={item.status} /> : <Icon name={item.icon ?? "arrow"} />}
      <span class="pt">
        {before}
        {match && <mark>{match}</mark>}
        {after}
      </span>
      <span class="muted">{item.subtitle}</span>
      <span class="grow" />
      {item.keys && (
        <span class="kbds">
          {item.keys.split(" ").map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}
        </span>
      )}
    </div>
  );
}

const pause = 150; // ms without a key before the server is asked

/** Where something is that the server has found. */
function placeOf({ kind, name, cluster = "" }: Hit): string {
  switch (kind) {
    case "recovery":
      return url(`audit-recovery/uid/${part(name)}`);
    case "pool":
      return url(`cluster/alias/${part(cluster)}`, { tab: "pools" });
    case "setting":
      return url("config", { q: name, show: "all" });
    default:
      return serverAddress(cluster, name);
  }
}

const icons: Record<Hit["kind"], string> = { server: "tree", recovery: "recovery", pool: "list", setting: "config" };
const nothing = { text: "", items: [] as Found[] };

/** What the server finds: by version, UUID, id, address, tag, GTID, and whatever is not in the names. */
function useSearch(text: string): typeof nothing {
  const [found, setFound] = useState({ of: "", ...nothing });
  const query = text.trim();
  useEffect(() => {
    if (query.length < 2) return;
    const gone = new AbortController();
    const timer = setTimeout(() => {
      get<Hits>("found", { q: query }, gone.signal).then(
        (hits) =>
          setFound({
            of: query, text: hits.text ?? "",
            items: hits.items.map((hit) => ({
              id: `${hit.kind} ${hit.name}${hit.kind === "pool" ? ` ${hit.cluster}` : ""}`, group: groups.more, title: hit.name, to: placeOf(hit),
              subtitle: [hit.text, hit.cluster].filter(Boolean).join(" · "), ...(hit.status ? { status: hit.status as Status } : { icon: icons[hit.kind] }),
            })),
          }),
        () => undefined, // what is known here is shown all the same
      );
    }, pause);
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [query]);
  return found.of === query ? found : nothing;
}
