import type { JSX } from "preact";
import { signal } from "@preact/signals";
import { go } from "../model/route.ts";
import { prefer, preferences } from "../model/preferences.ts";
import { openPalette, palette } from "../palette/state.ts";
import { Dialog } from "../ui/dialog.tsx";
import { entries } from "./menu.ts";
import { keysText } from "../words/keys.ts";

const shown = signal(false);

export const openKeys = (): void => void (shown.value = true);

/** The keys that work everywhere, with what they do. The screens add those of their own to the list. */
export const keyList: [string, string][] = [
  ["Ctrl K", keysText.searchRunACommand],
  ["/", "filter"],
  ...entries.filter((entry) => entry?.key).map((entry): [string, string] => [`g ${entry!.key!}`, keysText.goTo(entry!.name)]),
  ["↑ ↓", keysText.walkThroughRows],
  ["← →", keysText.inTheTree],
  ["Enter", "open"],
  ["Space", keysText.chooseOrFlip],
  ["m p d t", keysText.atAServerMovePromote],
  ["M", keysText.moveAllReplicas],
  ["Space", keysText.flipNowAndThen],
  ["e", keysText.explainWhatWouldHappen],
  ["u", keysText.undoYourLastChange],
  ["+ − 0", "zoom"],
  ["f", keysText.findInTheTree],
  ["[", keysText.foldTheSideBar],
  ["\\", keysText.hideThePanel],
  ["Esc", keysText.closeTheTopmostThing],
  ["?", keysText.thisList],
];

export function KeyHelp(): JSX.Element | null {
  if (!shown.value) return null;
  return (
    <Dialog title={keysText.keyboard} onClose={() => (shown.value = false)}>
      <KeyTable />
      <p class="small">{keysText.noKeyChanges}</p>
    </Dialog>
  );
}

export const KeyTable = (): JSX.Element => (
  <dl class="keys">
    {keyList.map(([keys, does]) => (
      <div key={keys} class="kv">
        <dt class="kbds">
          {keys.split(" ").map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}
        </dt>
        <dd>{does}</dd>
      </div>
    ))}
  </dl>
);

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));

/** Has the keys of the frame work. Those of a screen are its own; what it has used is left alone. */
export function followKeys(): void {
  let prefix = 0; // when g was pressed
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openPalette();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (palette.value || document.querySelector("dialog[open]") || preferences.value.keys === "off") return;
    const gone = event.timeStamp - prefix < 1500 ? entries.find((entry) => entry?.key === event.key) : undefined;
    prefix = event.key === "g" ? event.timeStamp : 0;
    if (gone) go(gone.path);
    else if (event.key === "/") {
      const field = document.querySelector<HTMLInputElement>("[data-filter]");
      if (field) field.focus();
      else openPalette();
    } else if (event.key === "?") openKeys();
    else if (event.key === "[") prefer({ side: preferences.value.side ? undefined : "folded" });
    else if (event.key === "\\") prefer({ panel: preferences.value.panel ? undefined : "hidden" });
    else return;
    event.preventDefault();
  });
}
