import type { JSX } from "preact";
import type { Cluster, ConfigView, Recovery, RecoveryPage } from "../api/types.ts";
import { useResource } from "../model/resource.ts";
import { Mark } from "../ui/marks.tsx";
import { Prose } from "../ui/prose.tsx";
import { Empty, Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { duration, plural, type Status } from "../words/en.ts";
import { tabText } from "../words/acts.ts";

const outcome: Record<Recovery["state"], Status> = { running: "run", succeeded: "ok", failed: "crit" };

/** What was repaired in this cluster. */
export function Recoveries({ of }: { of: Cluster }): JSX.Element {
  const list = useResource<RecoveryPage>("recoveries", { cluster: of.alias }, {
    on: (what, event) => (what === "notice" && event.recovery && (event.cluster === of.name || event.alias === of.alias) ? "reload" : undefined),
  });
  return (
    <Loaded of={list}>
      {(page) =>
        page.items.length === 0 ? (
          <Empty title={tabText.noRecoveries}>
            <p>{tabText.nothingRepaired}</p>
          </Empty>
        ) : (
          <section class="sheet">
            <h2>{plural(page.total, "recovery")}</h2>
            <ul class="lines">
              {page.items.map((one) => (
                <li key={one.uid}>
                  <Mark status={outcome[one.state]} />
                  <Time at={one.started} />
                  <a href={url(`audit-recovery/uid/${part(one.uid)}`)}>{one.sentence}</a>
                  <span class="muted">{one.state === "running" ? "runs" : duration(one.took_ms)}</span>
                </li>
              ))}
            </ul>
          </section>
        )
      }
    </Loaded>
  );
}

/** Sections of the configuration that decide about a cluster. */
const about = /recover|failover|promot|semi|lag|hook|process|downtime|delay/i;

/** What is in force for this cluster, and where it comes from. */
export function Settings({ of }: { of: Cluster }): JSX.Element {
  const config = useResource<ConfigView>("config");
  return (
    <Loaded of={config}>
      {(view) => (
        <section class="sheet">
          <h2>{tabText.inForce} {of.alias}</h2>
          <p>
            {tabText.recoversPrimary} <b>{of.auto_recovery.primary ? "on" : "off"}</b> {tabText.recoversIntermediate} <b>{of.auto_recovery.intermediate ? "on" : "off"}</b>
          </p>
          <dl class="settings">
            {view.keys
              .filter((key) => about.test(key.name))
              .map((key) => (
                <div key={key.name} class="kv">
                  <dt title={key.meaning}>
                    <code>{key.name}</code>
                  </dt>
                  <dd>
                    <code class="wrap">{JSON.stringify(key.value)}</code>
                    <small>
                      {key.given ? "given" : "default"} · <Prose text={key.meaning} />
                    </small>
                  </dd>
                </div>
              ))}
          </dl>
        </section>
      )}
    </Loaded>
  );
}
