import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ConfigDifference, ConfigDifferences } from "../../api/types.ts";
import { nodes } from "../../model/nodes.ts";
import { useResource } from "../../model/resource.ts";
import { Button } from "../../ui/button.tsx";
import { Mark } from "../../ui/marks.tsx";
import { Loaded } from "../../ui/states.tsx";
import { Time } from "../../ui/time.tsx";
import { url } from "../../url.ts";
import { configText } from "../../words/service.ts";
import { written } from "./changes.tsx";

/** Which keys are not the same on all managers; they are asked when somebody wants to know. */
export function Differences(): JSX.Element | null {
  const [wanted, want] = useState(false);
  const compared = useResource<ConfigDifferences>(wanted ? "config/differences" : null);
  const several = (nodes.value?.nodes.length ?? 0) > 1;
  if (!several && !wanted) return null;
  return (
    <section class="sheet" aria-label={configText.differences}>
      <h2>{configText.differences}</h2>
      {wanted ? (
        <Loaded of={compared} rows={2}>
          {(value) => <Content of={value} again={compared.reload} />}
        </Loaded>
      ) : (
        <>
          <p class="small">{configText.compareMeans}</p>
          <p>
            <Button onClick={() => want(true)}>{configText.compare}</Button>
          </p>
        </>
      )}
    </section>
  );
}

const called = (id: string): string => nodes.value?.nodes.find((node) => node.id === id)?.name ?? id;

const Content = ({ of, again }: { of: ConfigDifferences; again: () => void }): JSX.Element => (
  <>
    <p>
      <Mark status={of.differences.length > 0 || of.nodes.some((node) => node.error) ? "warn" : "ok"} label={false} /> {of.sentence} {of.nodes.length > 1 && configText.alike(of.alike)} <Time at={of.at} />
    </p>
    {of.nodes
      .filter((node) => node.error)
      .map((node) => (
        <p key={node.id} class="t-warn">
          {configText.doesNotAnswer(called(node.id), node.error ?? "")}
        </p>
      ))}
    <ul class="c-changes">
      {of.differences.map((difference) => (
        <Difference key={difference.name} of={difference} />
      ))}
    </ul>
    {of.uncompared.length > 0 && (
      <p class="small">
        {configText.uncompared} {of.uncompared.join(", ")}
      </p>
    )}
    <details>
      <summary>{configText.unlike}</summary>
      <p class="small">{of.unlike.join(", ")}</p>
    </details>
    <p>
      <button type="button" class="link" onClick={again}>
        {configText.compareAgain}
      </button>
    </p>
  </>
);

const Difference = ({ of }: { of: ConfigDifference }): JSX.Element => (
  <li>
    <a class="link" href={url("config", { q: of.name })}>
      <code>{of.name}</code>
    </a>
    {of.values.map((value, n) => (
      <p key={n}>
        <code class="stmt">{of.secret ? (n === 0 ? configText.oneSecret : configText.secretDiffers) : written(value.value)}</code> <small>{value.nodes.map(called).join(", ")}</small>
      </p>
    ))}
  </li>
);
