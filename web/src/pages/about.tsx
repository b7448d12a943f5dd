import type { JSX } from "preact";
import { KeyTable } from "../frame/keys.tsx";
import { useHeading } from "../model/heading.ts";
import { me } from "../model/me.ts";
import { route } from "../model/route.ts";
import { customised } from "../model/custom.ts";
import { api, url } from "../url.ts";
import { text } from "../words/en.ts";

/** What this is, and where to read more. Also the old addresses home, faq and keep-calm. */
export function About(): JSX.Element {
  const calm = route.value.path === "keep-calm";
  useHeading({ title: calm ? "Keep calm" : "About" });
  if (calm) {
    return (
      <div class="hero calm">
        <p class="big">Keep calm and fail over.</p>
        <p>
          <a class="link" href={url("clusters")}>
            Everything that is known of your servers
          </a>
        </p>
      </div>
    );
  }
  return (
    <>
      <div class="hero">
        <p class="big">orchestrator {me.value?.version ?? text.unknown}</p>
        <p>It keeps MySQL and MariaDB replication topologies healthy: it discovers them, shows them, lets people rearrange them safely, notices failures and repairs them.</p>
        <p>This page comes from {me.value?.node ?? text.unknown}. {customised.value && "The installation has added to it: custom.css or custom.js is in use."}</p>
        <p>
          Everything that the page does goes through the{" "}
          <a class="link" href={api("openapi.json")} target="_blank" rel="noopener">
            API
          </a>
          {", and the command line does the same: "}
          <code>orchestrator -c help</code>.
        </p>
      </div>
      <section class="sheet two">
        <div>
          <h2>Questions that come first</h2>
          <dl class="faq">
            <dt>What kinds of replication does it know?</dt>
            <dd>Asynchronous and semi-synchronous replication of MySQL and MariaDB, by GTID or by file and position, co-primaries, intermediate sources, binlog servers, and the members of Group Replication.</dd>
            <dt>What does it need on my servers?</dt>
            <dd>
              A user that may look, and, if it is to repair, one that may change replication. <a class="link" href={url("discover")}>The grants</a> are listed where servers are discovered.
            </dd>
            <dt>Why was nothing failed over?</dt>
            <dd>Each cluster says by itself whether it would be, and if not, which rule holds it back. It stands in its row and on its forecast.</dd>
            <dt>Can I script what I do here?</dt>
            <dd>Each plan shows the same thing as a command and as a request.</dd>
          </dl>
        </div>
        <div>
          <h2>Keyboard</h2>
          <KeyTable />
        </div>
      </section>
      <section class="sheet">
        <h2>Licences</h2>
        <p>orchestrator is under the Apache License 2.0. The page is made with Preact and its signals, d3-hierarchy and uPlot (MIT and ISC), and shows text in Inter and JetBrains Mono (SIL Open Font License 1.1).</p>
      </section>
    </>
  );
}
