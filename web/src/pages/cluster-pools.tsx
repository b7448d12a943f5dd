import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Cluster, PoolPage } from "../api/types.ts";
import { canAct } from "../model/acting.ts";
import { byName } from "../layout/forest.ts";
import { serverCell } from "../model/cluster.ts";
import { mayOperate } from "../model/me.ts";
import { useResource } from "../model/resource.ts";
import { ask } from "../plan/model.ts";
import { name } from "../tree/names.ts";
import { Button } from "../ui/button.tsx";
import { Dialog, DialogForm } from "../ui/dialog.tsx";
import { Mark } from "../ui/marks.tsx";
import { Empty, Loaded } from "../ui/states.tsx";
import { part, url } from "../url.ts";
import { span } from "../words/en.ts";
import { poolText } from "../words/pools.ts";

/** Who is in which pool, and which tags there are. */
export function Pools({ of }: { of: Cluster }): JSX.Element {
  const [editing, edit] = useState<string | null>(null); // the name of a pool; empty: a new one
  const pools = Object.entries(of.pools);
  const tagged = of.members.filter((server) => server.tags.length > 0);
  const begin = mayOperate.value && (
    <Button disabled={!canAct.value} onClick={() => edit("")}>
      {poolText.begin}
    </Button>
  );
  return (
    <>
      {pools.length === 0 && (
        <Empty title={poolText.none}>
          <p>{poolText.how}</p>
          {begin}
        </Empty>
      )}
      {pools.length > 0 && (
        <div class="pools">
          {pools.map(([pool, members]) => (
            <Card key={pool} pool={pool} members={members} edit={() => edit(pool)} />
          ))}
        </div>
      )}
      {pools.length > 0 && begin && <p>{begin}</p>}
      {tagged.length > 0 && (
        <section class="sheet">
          <h2>{poolText.tags}</h2>
          <ul class="why">
            {tagged.map((server) => (
              <li key={server.key}>
                <code>{name(server.key)}</code>
                <span>{server.tags.join(", ")}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {editing !== null && <Edit of={of} pool={editing} onClose={() => edit(null)} />}
    </>
  );
}

/** A pool: each member a dot, the names and lags below. */
function Card({ pool, members, edit }: { pool: string; members: string[]; edit: () => void }): JSX.Element {
  const servers = [...members].sort(byName).map((key) => ({ key, is: serverCell(key)?.value }));
  const lags = servers.map(({ is }) => is?.lag_s).filter((lag) => typeof lag === "number");
  return (
    <section class="sheet" aria-label={pool}>
      <div class="pool-head">
        <h2>{pool}</h2>
        {mayOperate.value && (
          <Button kind="ghost" disabled={!canAct.value} label={`${poolText.edit} ${pool}`} onClick={edit}>
            {poolText.edit}
          </Button>
        )}
      </div>
      <p class="small">{poolText.sum(members.length, lags.length > 0 ? poolText.mostLag(Math.max(...lags)) : "")}</p>
      <p class="pool-dots" aria-hidden="true">
        {servers.map(({ key, is }) => (
          <span key={key} title={name(key)}>
            <Mark status={is?.status ?? "stale"} label={false} />
          </span>
        ))}
      </p>
      <ul class="why">
        {servers.map(({ key, is }) => (
          <li key={key}>
            <span>
              <Mark status={is?.status ?? "stale"} /> <a href={url(`cluster/instance/${part(key.slice(0, key.lastIndexOf(":")))}/${key.slice(key.lastIndexOf(":") + 1)}`)}>{name(key)}</a>
            </span>
            <span>{is && span(is.lag_s)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Asks who shall be in a pool; then the plan is shown. Members in other clusters stay. */
function Edit({ of, pool, onClose }: { of: Cluster; pool: string; onClose: () => void }): JSX.Element {
  const all = useResource<PoolPage>("pools", { limit: "500" });
  const [called, call] = useState(pool);
  const [chosen, choose] = useState<readonly string[]>(of.pools[pool] ?? []);
  return (
    <Dialog title={pool ? poolText.editTitle(pool) : poolText.beginTitle} onClose={onClose}>
      <Loaded of={all} rows={3}>
        {(value) => {
          const elsewhere = (value.items.find((one) => one.name === called)?.members ?? []).map((one) => one.server).filter((key) => !of.members.some((server) => server.key === key));
          return (
            <DialogForm
              verb={poolText.showPlan}
              onLeave={onClose}
              onDone={() => {
                onClose();
                void ask("submit-pool-instances", { pool: called, instances: [...elsewhere, ...chosen].join(",") });
              }}
            >
              {!pool && (
                <label class="field">
                  <span>{poolText.nameOf}</span>
                  <input type="text" required maxLength={128} value={called} onInput={(event) => call(event.currentTarget.value.trim())} />
                </label>
              )}
              <fieldset class="winners">
                <legend>{poolText.members}</legend>
                {of.members.map((server) => (
                  <label key={server.key}>
                    <input
                      type="checkbox" checked={chosen.includes(server.key)}
                      onChange={(event) => {
                        const { checked } = event.currentTarget;
                        choose((was) => (checked ? [...was, server.key] : was.filter((key) => key !== server.key)));
                      }}
                    />
                    <span>
                      <b>{name(server.key)}</b>
                      <small>{server.sentence}</small>
                    </span>
                  </label>
                ))}
              </fieldset>
              <p class="small">{elsewhere.length > 0 ? poolText.elsewhere(elsewhere.length) : poolText.onlyHere}</p>
            </DialogForm>
          );
        }}
      </Loaded>
    </Dialog>
  );
}
