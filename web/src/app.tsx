import type { JSX } from "preact";
import { Frame } from "./frame/frame.tsx";
import { route } from "./model/route.ts";
import { Clusters } from "./pages/clusters.tsx";

/** The screens by the first part of their addresses. */
const screens: Record<string, () => JSX.Element> = {
  clusters: Clusters,
  "clusters-analysis": Clusters,
};

export function App(): JSX.Element {
  const first = route.value.path.split("/")[0] ?? "";
  const Screen = screens[first] ?? Clusters;
  return (
    <Frame>
      <Screen />
    </Frame>
  );
}
