import type { JSX } from "preact";
import type { Cluster, ClusterSettings, Setting, SettingGroup } from "../api/types.ts";
import { useResource } from "../model/resource.ts";
import { Prose } from "../ui/prose.tsx";
import { Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { settingText } from "../words/settings.ts";

/** Everything that is in force for this cluster, with where it comes from and what it means here. */
export function Settings({ of }: { of: Cluster }): JSX.Element {
  const settings = useResource<ClusterSettings>(`clusters/${part(of.name)}/settings`, {}, {
    topics: ["audit"],
    on: (what, event) => (what === "audit" && (event.cluster === of.name || /-recoveries$|^reload/.test(event.audit?.kind ?? "")) ? "reload" : undefined),
  });
  return (
    <Loaded of={settings}>
      {(is) => (
        <>
          <p class="small">{settingText.of(is.node)}</p>
          {is.groups.map((group) => (
            <Group key={group.id} of={group} />
          ))}
        </>
      )}
    </Loaded>
  );
}

const Group = ({ of }: { of: SettingGroup }): JSX.Element => (
  <section class="sheet" aria-label={of.title} data-group={of.id}>
    <h2>{of.title}</h2>
    <dl class="settings">
      {of.settings.map((one) => (
        <Line key={one.name} of={one} />
      ))}
    </dl>
  </section>
);

const written = (value: unknown): string => (typeof value === "string" && value !== "" ? value : JSON.stringify(value));

function Line({ of }: { of: Setting }): JSX.Element {
  return (
    <div class="kv" data-source={of.source} id={`setting-${of.name.replaceAll(" ", "-")}`}>
      <dt>{of.key ? <code>{of.name}</code> : of.name}</dt>
      <dd>
        <p class="s-value">
          <code class="wrap">{written(of.value)}</code> <span class={of.source === "default" ? "pill" : "pill p-given"}>{source(of)}</span>
        </p>
        {of.source === "override" && (
          <p class="t-warn">
            {settingText.switchedBy(of.by ?? "", of.reason ?? "")}
            {of.until && (
              <>
                {settingText.until}
                <Time at={of.until} />
              </>
            )}
          </p>
        )}
        {of.says && <p>{of.says}</p>}
        <details class="s-explain">
          <summary>
            {settingText.explain}
            <span class="vh"> {of.name}</span>
          </summary>
          <p>
            <Prose text={of.meaning} />
          </p>
          {of.key && (
            <p class="small">
              {settingText.byDefault(written(of.default))} {settingText.counts(of.reload ?? "")} <a class="link" href={url("config", { q: of.name, show: "all" })}>{settingText.inTheConfiguration}</a>
            </p>
          )}
        </details>
      </dd>
    </div>
  );
}

/** Where it comes from, in words. */
function source(of: Setting): string {
  if (of.place) return settingText.place(of.place.file, of.place.line);
  return settingText.sources[of.source];
}
