import type { JSX } from "preact";
import { mayOperate } from "../model/me.ts";
import { preferences } from "../model/preferences.ts";
import { hintText } from "../words/tree.ts";

/** What the keys do in the tree, where there is a keyboard. */
export function Hints(): JSX.Element {
  const letters = preferences.value.keys !== "off" && mayOperate.value;
  const keys: readonly [keys: string[], does: string][] = [
    [["↑", "↓", "←", "→"], hintText.walk],
    [["Enter"], hintText.details],
    ...(letters ? ([[["m"], hintText.move], [["p"], hintText.promote]] as const).map(([key, does]): [string[], string] => [[...key], does]) : []),
  ];
  return (
    <p class="hints">
      {keys.map(([names, does]) => (
        <span key={does}>
          {names.map((key) => (
            <kbd key={key}>{key}</kbd>
          ))}{" "}
          {does}
        </span>
      ))}
      <span class="grow" />
      {mayOperate.value && hintText.drag}
    </p>
  );
}
