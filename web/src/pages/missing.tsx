import type { JSX } from "preact";
import { useHeading } from "../model/heading.ts";
import { route } from "../model/route.ts";
import { Empty } from "../ui/states.tsx";
import { url } from "../url.ts";

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
