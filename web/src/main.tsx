import { render } from "preact";
import { App } from "./app.tsx";
import { boot } from "./api/boot.ts";
import { start } from "./api/events.ts";
import { run } from "./model/clock.ts";
import { follow, readFleet } from "./model/fleet.ts";
import { readMe } from "./model/me.ts";
import { followLinks } from "./model/route.ts";
import { applyTheme } from "./model/theme.ts";

applyTheme();
followLinks();
run();
follow();
render(<App />, document.getElementById("app")!);
start();
if (!boot.me) void readMe();
if (!boot.fleet) void readFleet();
