import type { JSX } from "preact";
import { useHeading } from "../model/heading.ts";
import { route } from "../model/route.ts";
import { Empty } from "../ui/states.tsx";
import { url } from "../url.ts";

/** The program orchestrator-agent is not served. Its addresses say so instead of showing nothing. */
export function Agents(): JSX.Element {
  useHeading({ title: "Agents" });
  return (
    <Empty title="Agents are not served.">
      <p>The program orchestrator-agent is not maintained any more. There are no agents and no seeds to show, whatever ServeAgentsHttp says; servers are rebuilt without an agent.</p>
    </Empty>
  );
}

export function Missing(): JSX.Element {
  useHeading({ title: "Nothing here" });
  return (
    <Empty title="There is no such page.">
      <p>
        <code>{route.value.path}</code> is none of the addresses of this version or of a former one.{" "}
        <a class="link" href={url("clusters")}>
          Clusters
        </a>
      </p>
    </Empty>
  );
}
