import { effect } from "@preact/signals";
import { render } from "preact";
import { App } from "./app.tsx";
import { boot } from "./api/boot.ts";
import { start } from "./api/events.ts";
import { frozen } from "./model/acting.ts";
import { followKeys } from "./frame/keys.tsx";
import { followAttention } from "./model/attention.ts";
import { run } from "./model/clock.ts";
import { follow, readFleet } from "./model/fleet.ts";
import { titleWindow } from "./model/heading.ts";
import { readMe } from "./model/me.ts";
import { followNaming } from "./model/naming.ts";
import { followNodes } from "./model/nodes.ts";
import { applyPreferences } from "./model/preferences.ts";
import { followLinks } from "./model/route.ts";
import { fetchAll } from "./pages/screens.ts";

applyPreferences();
followNaming();
followLinks();
followKeys();
titleWindow();
run();
follow();
render(<App />, document.getElementById("app")!);
effect(() => {
  document.documentElement.dataset["state"] = frozen.value ? "stale" : "";
});
start();
followNodes();
followAttention();
if (!boot.me) void readMe().catch(() => undefined); // the live mark and the banners say what is missing
if (!boot.fleet) void readFleet().catch(() => undefined);

// Once there is nothing else to do. Not every browser tells.
const idle = window.requestIdleCallback ?? ((f: () => void) => setTimeout(f, 500));
idle(() => void fetchAll().then(() => (document.documentElement.dataset["parts"] = "here")));
