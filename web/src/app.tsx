import type { ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Frame } from "./frame/frame.tsx";
import { route } from "./model/route.ts";
import { Clusters } from "./pages/clusters.tsx";
import { screenOf, screens } from "./pages/screens.ts";
import { Failed, Skeleton } from "./ui/states.tsx";
import { problemText } from "./words/en.ts";

/** A screen that is loaded when it is opened for the first time. */
function Later({ name }: { name: keyof typeof screens }): JSX.Element {
  const [loaded, setLoaded] = useState<{ name: string; Screen?: ComponentType }>({ name: "" });
  useEffect(() => {
    let gone = false;
    screens[name]().then(
      (Screen) => gone || setLoaded({ name, Screen }),
      () => gone || setLoaded({ name }),
    );
    return () => void (gone = true);
  }, [name]);
  if (loaded.name !== name) return <Skeleton rows={6} />;
  if (loaded.Screen) return <loaded.Screen />;
  const detail = problemText.partMissing;
  return <Failed problem={{ type: "", title: "", status: 0, detail }} again={() => location.reload()} />;
}

export function App(): JSX.Element {
  const name = screenOf(route.value.path);
  return <Frame>{name === "clusters" ? <Clusters /> : <Later name={name} />}</Frame>;
}
