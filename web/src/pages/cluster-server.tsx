import type { ComponentChildren, JSX } from "preact";
import { hueOf } from "../model/sites.ts";
import type { ServerDetail } from "../api/types.ts";
import { serverCell } from "../model/cluster.ts";
import { canAct } from "../model/acting.ts";
import { mayOperate } from "../model/me.ts";
import { route } from "../model/route.ts";
import { useResource } from "../model/resource.ts";
import { tellRefusal, toast } from "../model/toasts.ts";
import { declare } from "../tree/declare.ts";
import { versionOf, writes } from "../tree/flags.tsx";
import { carry } from "../tree/keys.ts";
import { name } from "../tree/names.ts";
import { Acts } from "../ui/acts.tsx";
import { Button } from "../ui/button.tsx";
import { Mark, Site } from "../ui/marks.tsx";
import { Loaded } from "../ui/states.tsx";
import { Time } from "../ui/time.tsx";
import { part, url } from "../url.ts";
import { count, span, statusWord, text } from "../words/en.ts";
import { panelText, rowText } from "../words/server.ts";
import { beginNamed } from "./cluster-begin.tsx";
import { Menu } from "./cluster-menu.tsx";
import { promote } from "./cluster-switchover.tsx";
import { TrendOf } from "./problems/trend.tsx";

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
          <Button kind="icon ghost" icon="x" label={text.close} onClick={onClose} />
        </div>
        <p class="muted">{panelText.notHere}</p>
      </div>
    );
  }
  const hold = server.downtime ?? server.maintenance;
  return (
    <div class="pn">
      <div class="pn-top">
        <h2 title={server.key}>
          <Mark status={server.status} />
          {name(server.key)}
        </h2>
        <Button kind="icon ghost" icon="x" label={text.close} onClick={onClose} />
      </div>
      <p class="muted">
        {[server.source ? panelText.replicaOf(name(server.source)) : server.role, versionOf(server)].join(" · ")} · {panelText.seen} <Time at={detail.value?.seen ?? server.seen} />
      </p>
      <p>{server.sentence || statusWord[server.status]}</p>
      {hold && (
        <p class="notyet">
          <Mark status="pause" label={false} />
          {panelText.hold(server.downtime ? "downtime" : "maintenance", hold.reason, hold.owner)} {hold.end ? <>{panelText.until} <Time at={hold.end} /></> : panelText.untilEnded}
        </p>
      )}
      <Acts class="pn-acts">
        {server.source && <Button onClick={() => carry(key)}>{panelText.move}</Button>}
        {server.source && <Button onClick={() => promote(key)}>{panelText.promote}</Button>}
        <Button onClick={() => declare("downtime", [key])}>{panelText.downtime}</Button>
        <Menu server={key} />
      </Acts>
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

/** A long text with a button that copies it. */
const Copy = ({ text: value }: { text: string }): JSX.Element =>
  value ? (
    <>
      <code class="wrap">{value}</code>{" "}
      <button type="button" class="link" onClick={() => void navigator.clipboard?.writeText(value).then(() => toast({ status: "ok", text: text.copied }))}>
        {text.copy}
      </button>
    </>
  ) : (
    <span class="muted">{panelText.none}</span>
  );

function Facts({ of }: { of: ServerDetail }): JSX.Element {
  const bad = of.receiver === "stopped" || of.applier === "stopped" || of.receiver === "other" || of.applier === "other";
  return (
    <>
      {(of.source || of.channels) && (
        <>
          <h3>{panelText.replication}</h3>
          <dl>
            <Row name={rowText.source}>
              <code>{name(of.source)}</code>
              {of.source && !of.source_known && panelText.notKnown}
            </Row>
            <Row name={rowText.threads}>
              <span class={bad ? "t-crit" : ""}>{panelText.threadsAre(of.receiver, of.applier)}</span>
            </Row>
            <Row name={rowText.lag}>
              {span(of.lag_s)}
              {of.delay_s ? panelText.delayed(span(of.delay_s)) : ""} <span class="muted">{panelText.lagLimit(span(of.lag_limit_s))}</span>
              {of.trend && <TrendOf of={of} />}
            </Row>
            <Row name={rowText.received}>{of.received || text.unknown}</Row>
            <Row name={rowText.applied}>{of.applied || text.unknown}</Row>
            <Row name={rowText.placeFoundBy}>{of.gtid === "none" ? panelText.byPosition : panelText.byGtid(of.gtid)}</Row>
            <Row name={rowText.tls}>{of.tls ? panelText.yes : panelText.no}</Row>
            <Row name={rowText.filters}>{of.filters ? <span class="t-warn">{panelText.hasFilters}</span> : panelText.none}</Row>
            <Row name={rowText.credentials}>{of.credentials_available ? panelText.readBack : panelText.notReadBack}</Row>
            {of.channels?.map((one) => (
              <Row key={one.name} name={panelText.channel(one.name)}>
                <code>{name(one.source)}</code> {panelText.threadsAre(one.receiver, one.applier)}
              </Row>
            ))}
          </dl>
          {of.receiver_error && <code class="stmt t-crit">{of.receiver_error}</code>}
          {of.applier_error && <code class="stmt t-crit">{of.applier_error}</code>}
          {of.applier_error && mayOperate.value && (
            <p>
              <button type="button" class="link" disabled={!canAct.value} onClick={() => void beginNamed("skip-query", of.key).catch(tellRefusal)}>
                {panelText.skip}
              </button>
            </p>
          )}
        </>
      )}
      {of.check_error && <code class="stmt t-crit">{of.check_error}</code>}
      <h3>{panelText.role}</h3>
      <dl>
        <Row name={rowText.rule}>
          {of.promotion_rule}{" "}
          {mayOperate.value && (
            <button type="button" class="link" onClick={() => declare("rule", [of.key])}>
              {panelText.change}
            </button>
          )}
        </Row>
        <Row name={rowText.writes}>{of.read_only ? panelText.readOnly : writes(of) ? panelText.acceptsWrites : <span class="t-warn">{panelText.acceptsWrites}</span>}</Row>
        <Row name={rowText.logs}>{of.logs_updates ? panelText.yes : <span class="t-warn">{panelText.logsNothing}</span>}</Row>
        <Row name={rowText.semiSync}>{[of.semi_sync.source && panelText.waitsFor(of.semi_sync.needs), of.semi_sync.replica && panelText.acknowledges].filter(Boolean).join(", ") || panelText.off}</Row>
        <Row name={rowText.replicas}>{count(of.replicas)}</Row>
        {of.group && <Row name={rowText.group}>{`${of.group.name}: ${of.group.role}, ${of.group.state}`}</Row>}
      </dl>
      <h3>{panelText.data}</h3>
      <dl>
        <Row name={rowText.ownLog}>{of.position || (of.log_bin ? text.unknown : panelText.noBinaryLog)}</Row>
        <Row name={rowText.executed}><Copy text={of.executed_set} /></Row>
        <Row name={rowText.purged}><Copy text={of.purged_set} /></Row>
        <Row name={rowText.errant}>
          {of.errant ? (
            <>
              <span class="t-warn">
                <Copy text={of.errant} />
              </span>{" "}
              <a class="link" href={url(route.value.path, { tab: "binlogs" })}>
                {panelText.whatToDo}
              </a>
            </>
          ) : (
            <span class="muted">{panelText.none}</span>
          )}
        </Row>
      </dl>
      <h3>{panelText.server}</h3>
      <dl>
        <Row name={rowText.address}><Copy text={of.key} /></Row>
        <Row name={rowText.version}>{[of.version, of.version_comment].filter(Boolean).join(" · ")}</Row>
        <Row name={rowText.identity}>{[of.uuid, of.server_id].filter(Boolean).join(", ")}</Row>
        <Row name={rowText.up}>{span(of.uptime_s)}</Row>
        <Row name={rowText.binaryLog}>{of.log_bin ? [of.binlog_format, of.binlog_row_image, of.gtid_mode && `gtid_mode ${of.gtid_mode}`].filter(Boolean).join(", ") : panelText.off}</Row>
        <Row name={rowText.place}>{of.site ? <Site name={of.site} hue={hueOf.value(of.site)} /> : text.unknown} {[of.region, of.environment].filter(Boolean).join(", ")}</Row>
        <Row name={rowText.probe}>{`${of.latency_ms.toFixed(1)} ms`}</Row>
      </dl>
      <h3>{panelText.tags}</h3>
      <p>
        {of.tags.map((tag) => (
          <span key={tag} class="tag">
            {tag}
          </span>
        ))}{" "}
        {mayOperate.value && (
          <button type="button" class="link" onClick={() => declare("tags", [of.key])}>
            {of.tags.length > 0 ? panelText.change : panelText.addTag}
          </button>
        )}
      </p>
      {of.pools.length > 0 && (
        <p>
          {panelText.inPools}{" "}
          {of.pools.map((pool) => (
            <a key={pool} class="tag" href={url(route.value.path, { tab: "pools" })}>
              {pool}
            </a>
          ))}
        </p>
      )}
      {of.changes.length > 0 && (
        <>
          <h3>{panelText.changes}</h3>
          <ul class="why">
            {of.changes.slice(0, 8).map((line) => (
              <li key={line.id}>
                <span class="muted">
                  <Time at={line.at} />
                </span>
                <span>
                  {line.message || line.kind}{" "}
                  {line.recovery && (
                    <a class="link" href={url(`audit-recovery/uid/${part(line.recovery)}`)}>
                      {panelText.itsRecovery}
                    </a>
                  )}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
