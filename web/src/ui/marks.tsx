import { middle } from "../words/names.ts";
import type { JSX } from "preact";
import { type Status, statusWord } from "../words/en.ts";

/** A picture of the sprite in the document. It says nothing that the words beside it do not say. */
export const Icon = ({ name, class: more = "" }: { name: string; class?: string }): JSX.Element => (
  <svg class={`i ${more}`} aria-hidden="true">
    <use href={`#i-${name}`} />
  </svg>
);

/** A status in its own shape. Its word is read out unless the words beside it say the same. */
export function Mark({ status, label }: { status: Status; label?: string | false }): JSX.Element {
  const described = label === false ? { "aria-hidden": "true" as const } : { role: "img" as const, "aria-label": label ?? statusWord[status] };
  return (
    <svg class={`m m-${status}`} {...described}>
      <use href={`#s-${status}`} />
    </svg>
  );
}

/** A site with its own hue, always with its name. */
export const Site = ({ name, hue }: { name: string; hue: number }): JSX.Element => (
  <span class="dc" data-dc={hue} title={middle(name, 20) === name ? undefined : name}>
    {middle(name, 20)}
  </span>
);
