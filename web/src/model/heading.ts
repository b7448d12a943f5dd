import { useLayoutEffect } from "preact/hooks";
import { effect, signal } from "@preact/signals";
import { statusGlyph, type Status } from "../words/en.ts";
import { fleet } from "./fleet.ts";
import { outward } from "./naming.ts";

/** What the top bar says about the screen: its title is the h1 of the page. */
export type Heading = {
  title: string;
  status?: Status | undefined;
  /** The screens above it. */
  trail?: { name: string; path: string }[];
  note?: string | undefined;
};

export const heading = signal<Heading>({ title: "orchestrator" });

/** Tells what the screen is called, as long as it is shown. */
export function useHeading(is: Heading): void {
  useLayoutEffect(() => {
    heading.value = is;
  }, [is.title, is.status, is.note, is.trail?.map((step) => step.path).join(" ")]);
}

/** Has the title of the window say where one is, and whether somebody is needed. */
export function titleWindow(): void {
  effect(() => {
    const urgent = fleet.value?.clusters.filter((row) => row.status === "crit").length ?? 0;
    const mark = urgent > 0 ? `${statusGlyph.crit} ${urgent} · ` : "";
    document.title = `${mark}${outward(heading.value.title)} · orchestrator`;
  });
}
