import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { GameDayCluster } from "../../api/types.ts";
import { mayOperate, me } from "../../model/me.ts";
import { amend } from "../../model/route.ts";
import { ask, asking } from "../../plan/model.ts";
import { name } from "../../tree/names.ts";
import { Button } from "../../ui/button.tsx";
import { Loaded } from "../../ui/states.tsx";
import { gamedayText } from "../../words/gameday.ts";
import { Gates, Headline, useForecast } from "../cluster-panel.tsx";

/** How, and whom; and what would happen. */
export function Choose({ all, of }: { all: GameDayCluster[]; of: GameDayCluster }): JSX.Element {
  const [server, setServer] = useState(of.servers[0]!);
  const [blow, setBlow] = useState(of.blows[0]!.name);
  const forecast = useForecast(of, undefined, server);
  const would = forecast.value?.would === true;
  return (
    <section class="sheet">
      <h2>{gamedayText.choose}</h2>
      {all.length > 1 && (
        <label class="pick">
          <span>{gamedayText.cluster}</span>
          <select value={of.name} onChange={(event) => amend({ cluster: event.currentTarget.value })}>
            {all.map((cluster) => (
              <option key={cluster.name} value={cluster.name}>
                {cluster.alias}
              </option>
            ))}
          </select>
        </label>
      )}
      <fieldset class="winners">
        <legend>{gamedayText.whichServer(of.alias)}</legend>
        {of.servers.map((key, n) => (
          <label key={key}>
            <input type="radio" name="server" checked={key === server} onChange={() => setServer(key)} />
            <span>
              <b>{name(key)}</b>
              <small>{n === 0 ? gamedayText.primary : gamedayText.source}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <fieldset class="winners">
        <legend>{gamedayText.how}</legend>
        {of.blows.map((one) => (
          <label key={one.title}>
            <input type="radio" name="blow" checked={one.name === blow && !one.why} disabled={!!one.why} onChange={() => setBlow(one.name)} />
            <span>
              <b class={one.why ? "muted" : undefined}>{one.title}</b>
              {one.means && <small>{one.means}</small>}
              {one.why && <small>{gamedayText.notOffered(one.why)}</small>}
            </span>
          </label>
        ))}
      </fieldset>
      <p class="small">{gamedayText.nobodyStarts}</p>
      <h3>{gamedayText.whatWouldHappen}</h3>
      <Loaded of={forecast} rows={3}>
        {(value) => (
          <>
            <Headline of={value} />
            {!value.would && <Gates of={value} />}
          </>
        )}
      </Loaded>
      {mayOperate.value ? (
        <div class="dialog-foot">
          <Button kind="danger" disabled={!would || asking.value !== null} onClick={() => void ask("game-day", { instance: server, blow })}>
            {gamedayText.showPlan}
          </Button>
        </div>
      ) : (
        <p class="muted">{me.value?.why || gamedayText.mayLook}</p>
      )}
    </section>
  );
}
