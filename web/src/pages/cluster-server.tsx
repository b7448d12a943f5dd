import type { ComponentChildren, JSX } from "preact";
import { hueOf } from "../model/sites.ts";
import type { ServerDetail } from "../api/types.ts";
import { cluster, serverCell } from "../model/cluster.ts";
import { mayOperate } from "../model/me.ts";
import { useResource } from "../model/resource.ts";
import { toast } from "../model/toasts.ts";
import { declare } from "../tree/declare.ts";
import { versionOf, writes } from "../tree/flags.tsx";
import { pickUp } from "../tree/moving.ts";
import { name, said } from "../tree/names.ts";
import { Button } from "../ui/button.tsx";
import { Mark, Site } from "../ui/marks.tsx";
import { Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { count, span, statusWord } from "../words/en.ts";
import { Menu } from "./cluster-menu.tsx";
import { promote } from "./cluster-switchover.tsx";

/** Everything that is known of a server, and everything that can be done with it. */
export function ServerPanel({ server: key, onClose }: { server: string; onClose: () => void }): JSX.Element {
  const server = serverCell(key)?.value;
  const detail = useResource<ServerDetail>("instances/" + encodeURIComponent(key), {}, {
    on: (what, event) => ((what === "patch" && event.members?.some((one) => one.key === key)) || (what === "audit" && event.audit?.server === key) ? "reload" : undefined),
  });
  if (!server) {
    return (
      <div class="pn">
        <div class="pn-top">
          <h2>{name(key)}</h2>
          <Button kind="icon ghost" icon="x" label="Close" onClick={onClose} />
        </div>
        <p class="muted">This server is not part of the cluster.</p>
      </div>
    );
  }
  const keys = cluster.value?.members.map((one) => one.key) ?? [];
  const hold = server.downtime ?? server.maintenance;
  return (
    <div class="pn">
      <div class="pn-top">
        <h2 title={server.key}>
          <Mark status={server.status} />
          {name(server.key)}
        </h2>
        <Button kind="icon ghost" icon="x" label="Close" onClick={onClose} />
      </div>
      <p class="muted">
        {[server.source ? `replica of ${name(server.source)}` : server.role, versionOf(server)].join(" · ")} · seen <Time at={detail.value?.seen ?? server.seen} />
      </p>
      <p>{said(server.sentence, keys) || statusWord[server.status]}</p>
      {hold && (
        <p class="notyet">
          <Mark status="pause" label={false} />
          {server.downtime ? "Downtime" : "Maintenance"}: {hold.reason} ({hold.owner}), {hold.end ? <>until <Time at={hold.end} /></> : "until it is ended"}
        </p>
      )}
      {mayOperate.value && (
        <div class="pn-acts">
          {server.source && <Button onClick={() => (innerWidth < 760 ? declare("move", [key]) : pickUp(key, "keys"))}>Move…</Button>}
          {server.source && <Button onClick={() => promote(key)}>Promote…</Button>}
          <Button onClick={() => declare("downtime", [key])}>Downtime…</Button>
          <Menu server={key} />
        </div>
      )}
      <Loaded of={detail} rows={5}>
        {(value) => <Facts of={value} />}
      </Loaded>
    </div>
  );
}

const Row = ({ name: word, children }: { name: string; children: ComponentChildren }): JSX.Element => (
  <div class="kv">
    <dt>{word}</dt>
    <dd>{children}</dd>
  </div>
);

const threads: Record<string, string> = { running: "on", stopped: "stopped", none: "none", other: "not running" };

/** A long text with a button that copies it. */
const Copy = ({ text }: { text: string }): JSX.Element =>
  text ? (
    <>
      <code class="wrap">{text}</code>{" "}
      <button type="button" class="link" onClick={() => void navigator.clipboard?.writeText(text).then(() => toast({ status: "ok", text: "Copied." }))}>
        Copy
      </button>
    </>
  ) : (
    <span class="muted">none</span>
  );

function Facts({ of }: { of: ServerDetail }): JSX.Element {
  const bad = of.receiver === "stopped" || of.applier === "stopped" || of.receiver === "other" || of.applier === "other";
  return (
    <>
      {(of.source || of.channels) && (
        <>
          <h3>Replication</h3>
          <dl>
            <Row name="Source">
              <code>{name(of.source)}</code>
              {of.source && !of.source_known && " (not known)"}
            </Row>
            <Row name="Threads">
              <span class={bad ? "t-crit" : ""}>{`receiver ${threads[of.receiver]}, applier ${threads[of.applier]}`}</span>
            </Row>
            <Row name="Lag">{span(of.lag_s)}{of.delay_s ? `, delayed by ${span(of.delay_s)} on purpose` : ""}</Row>
            <Row name="Received">{of.received || "unknown"}</Row>
            <Row name="Applied">{of.applied || "unknown"}</Row>
            <Row name="Place found by">{of.gtid === "none" ? "file and position" : `GTID (${of.gtid})`}</Row>
            <Row name="TLS">{of.tls ? "yes" : "no"}</Row>
            <Row name="Filters">{of.filters ? <span class="t-warn">has replication filters</span> : "none"}</Row>
            <Row name="Credentials">{of.credentials_available ? "can be read back" : "cannot be read back"}</Row>
            {of.channels?.map((one) => (
              <Row key={one.name} name={`Channel ${one.name}`}>
                <code>{name(one.source)}</code> {`receiver ${threads[one.receiver] ?? one.receiver}, applier ${threads[one.applier] ?? one.applier}`}
              </Row>
            ))}
          </dl>
          {of.receiver_error && <code class="stmt t-crit">{of.receiver_error}</code>}
          {of.applier_error && <code class="stmt t-crit">{of.applier_error}</code>}
        </>
      )}
      {of.check_error && <code class="stmt t-crit">{of.check_error}</code>}
      <h3>Role</h3>
      <dl>
        <Row name="Promotion rule">
          {of.promotion_rule}{" "}
          {mayOperate.value && (
            <button type="button" class="link" onClick={() => declare("rule", [of.key])}>
              Change
            </button>
          )}
        </Row>
        <Row name="Writes">{of.read_only ? "read-only" : writes(of) ? "accepts writes" : <span class="t-warn">accepts writes</span>}</Row>
        <Row name="Logs what it receives">{of.logs_updates ? "yes" : <span class="t-warn">no, so nobody can hang below</span>}</Row>
        <Row name="Semi-sync">{[of.semi_sync.source && (of.semi_sync.needs > 0 ? `waits for ${of.semi_sync.needs}` : "source side on"), of.semi_sync.replica && "acknowledges"].filter(Boolean).join(", ") || "off"}</Row>
        <Row name="Replicas">{count(of.replicas)}</Row>
        {of.group && <Row name="Group">{`${of.group.name}: ${of.group.role}, ${of.group.state}`}</Row>}
      </dl>
      <h3>Data</h3>
      <dl>
        <Row name="Own log at">{of.position || (of.log_bin ? "unknown" : "no binary log")}</Row>
        <Row name="Executed"><Copy text={of.executed_set} /></Row>
        <Row name="Purged"><Copy text={of.purged_set} /></Row>
        <Row name="Errant">{of.errant ? <span class="t-warn"><Copy text={of.errant} /></span> : <span class="muted">none</span>}</Row>
      </dl>
      <h3>Server</h3>
      <dl>
        <Row name="Address"><Copy text={of.key} /></Row>
        <Row name="Version">{[of.version, of.version_comment].filter(Boolean).join(" · ")}</Row>
        <Row name="UUID, id">{[of.uuid, of.server_id].filter(Boolean).join(", ")}</Row>
        <Row name="Up for">{span(of.uptime_s)}</Row>
        <Row name="Binary log">{of.log_bin ? [of.binlog_format, of.binlog_row_image, of.gtid_mode && `gtid_mode ${of.gtid_mode}`].filter(Boolean).join(", ") : "off"}</Row>
        <Row name="Place">{of.site ? <Site name={of.site} hue={hueOf.value(of.site)} /> : "unknown"} {[of.region, of.environment].filter(Boolean).join(", ")}</Row>
        <Row name="Last probe">{`${of.latency_ms.toFixed(1)} ms`}</Row>
      </dl>
      <h3>Tags</h3>
      <p>
        {of.tags.map((tag) => (
          <span key={tag} class="tag">
            {tag}
          </span>
        ))}{" "}
        {mayOperate.value && (
          <button type="button" class="link" onClick={() => declare("tags", [of.key])}>
            {of.tags.length > 0 ? "Change" : "Add a tag"}
          </button>
        )}
      </p>
      {of.changes.length > 0 && (
        <>
          <h3>Last changes</h3>
          <ul class="why">
            {of.changes.slice(0, 8).map((line) => (
              <li key={line.id}>
                <span class="muted">
                  <Time at={line.at} />
                </span>
                <span>{line.message || line.kind}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
