import type { JSX } from "preact";
import { useHeading } from "../model/heading.ts";
import { route } from "../model/route.ts";
import { Empty } from "../ui/states.tsx";
import { url } from "../url.ts";
import { aboutText } from "../words/about.ts";

/** The program orchestrator-agent is not served. Its addresses say so instead of showing nothing. */
export function Agents(): JSX.Element {
  useHeading({ title: aboutText.agents });
  return (
    <Empty title={aboutText.agentsAreNotServed}>
      <p>{aboutText.agentsMeans}</p>
    </Empty>
  );
}

export function Missing(): JSX.Element {
  useHeading({ title: aboutText.nothingHere });
  return (
    <Empty title={aboutText.thereIsNoSuchPage}>
      <p>
        <code>{route.value.path}</code> {aboutText.isNoneOfTheAddresses}{" "}
        <a class="link" href={url("clusters")}>
          {aboutText.clusters}
        </a>
      </p>
    </Empty>
  );
}
