import type { ComponentChildren, JSX } from "preact";
import { Palette } from "../palette/palette.tsx";
import { route } from "../model/route.ts";
import { Banners } from "./banners.tsx";
import { KeyHelp } from "./keys.tsx";
import { Side } from "./side.tsx";
import { TabBar } from "./tabbar.tsx";
import { Toasts } from "./toasts.tsx";
import { Top } from "./top.tsx";
import { Underway } from "./underway.tsx";

/** The frame around every screen. */
export const Frame = ({ children }: { children: ComponentChildren }): JSX.Element => (
  <>
    <Side />
    <Top />
    <main id="main" tabIndex={-1} class={`page-${route.value.path.split("/")[0] || "clusters"}`}>
      <Banners />
      <Underway />
      {children}
    </main>
    <TabBar />
    <Toasts />
    <Palette />
    <KeyHelp />
  </>
);
