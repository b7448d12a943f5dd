// Which names of servers are shown, and how they are made up for pictures that go to other people.
import { computed, signal } from "@preact/signals";
import { Fragment, options, type VNode } from "preact";
import { disguised, short } from "../words/names.ts";
import { cluster } from "./cluster.ts";
import { fleet } from "./fleet.ts";
import { me } from "./me.ts";

/** Which names are shown. */
export type Naming = "names" | "aliases" | "anonymous";

export const naming = signal<Naming>("names");

/** The servers by all that they are called: with and without port, and as the page shortens them. */
const called = computed(() => {
  const names = new Map<string, string>();
  const add = (key: string): void => {
    for (const name of [key, key.slice(0, key.lastIndexOf(":")), short(key, me.value?.strip)]) if (name) names.set(name, key);
  };
  for (const row of fleet.value?.clusters ?? []) for (const dot of row.tree) add(dot.key);
  for (const server of cluster.value?.members ?? []) add(server.key);
  return names;
});

/** A text as it may leave the page. */
export const outward = (text: string): string => (naming.value === "anonymous" ? disguised(text, called.value) : text);

const spoken = ["title", "aria-label", "aria-description", "aria-valuetext", "alt", "placeholder", "label"];

/** Has all that is shown, said or labelled be without names as long as that is wanted: each text passes here when it is made. */
export function followNaming(): void {
  const before = options.vnode;
  options.vnode = (made: VNode) => {
    if (naming.value === "anonymous" && (typeof made.type === "string" || made.type === Fragment)) disguise(made.props as Record<string, unknown>);
    before?.(made);
  };
}

function disguise(props: Record<string, unknown>): void {
  const { children } = props;
  if (typeof children === "string") props["children"] = disguised(children, called.value);
  else if (Array.isArray(children)) props["children"] = children.map((child: unknown) => (typeof child === "string" ? disguised(child, called.value) : child));
  for (const name of spoken) {
    const text = props[name];
    if (typeof text === "string") props[name] = disguised(text, called.value);
  }
}
