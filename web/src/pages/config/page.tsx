import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { ConfigCheck, ConfigItem, ConfigView, KeySpot, Statement } from "../../api/types.ts";
import { frozen } from "../../model/acting.ts";
import { useHeading } from "../../model/heading.ts";
import { me } from "../../model/me.ts";
import { useResource } from "../../model/resource.ts";
import { amend, route } from "../../model/route.ts";
import { Button } from "../../ui/button.tsx";
import { Icon, Mark } from "../../ui/marks.tsx";
import { Prose } from "../../ui/prose.tsx";
import { Loaded } from "../../ui/states.tsx";
import { url } from "../../url.ts";
import { plural, type Status } from "../../words/en.ts";
import { configText } from "../../words/service.ts";
import { Changes, hidden, written } from "./changes.tsx";
import { Differences } from "./differences.tsx";

/** What the configuration is, what it does, and what is doubtful about it. */
export function Configuration(): JSX.Element {
  useHeading({ title: configText.configuration });
  const view = useResource<ConfigView>("config");
  const check = useResource<ConfigCheck>("config/check");
  const { query } = route.value;
  const text = query.get("q") ?? "";
  const given = query.get("show") !== "all";
  const [reading, read] = useState(query.get("reload") !== null);
  const stop = (): void => {
    read(false);
    amend({ reload: undefined });
  };
  return (
    <>
      <div class="filters">
        <div class="search-in">
          <Icon name="search" />
          <input type="text" data-filter value={text} placeholder={configText.keyValueOrMeaning} aria-label={configText.filterKeys} onInput={(event) => amend({ q: event.currentTarget.value })} />
          <kbd>/</kbd>
        </div>
        <button type="button" class="chip" aria-pressed={given} onClick={() => amend({ show: given ? "all" : undefined })}>
          {configText.onlyWhatAFileGives}
        </button>
        <span class="grow" />
        {me.value?.may_admin && (
          <Button kind="keep" disabled={frozen.value} onClick={() => read(true)}>
            {configText.readItAgain}
          </Button>
        )}
      </div>
      <div class="two-sides">
        <section aria-label={configText.keys}>
          <Loaded of={view}>{(value) => <Keys view={value} text={text} given={given} />}</Loaded>
        </section>
        <section aria-label={configText.whatItDoes}>
          <Differences />
          <Loaded of={check}>{(value) => <Check check={value} />}</Loaded>
        </section>
      </div>
      {reading && (
        <Changes
          onClose={stop}
          onRead={() => {
            stop();
            view.reload();
            check.reload();
          }}
        />
      )}
    </>
  );
}

function Keys({ view, text, given }: { view: ConfigView; text: string; given: boolean }): JSX.Element {
  const wanted = text.trim().toLowerCase();
  const sections = useMemo(() => {
    const fits = (key: ConfigItem): boolean =>
      wanted === "" ? !given || key.given : [key.name, key.meaning, JSON.stringify(key.value)].some((one) => one.toLowerCase().includes(wanted));
    const groups = new Map<string, ConfigItem[]>();
    for (const key of view.keys.filter(fits)) groups.set(key.section, [...(groups.get(key.section) ?? []), key]);
    return [...groups];
  }, [view, wanted, given]);
  return (
    <>
      <p class="small">
        {view.files.length > 0 ? configText.readFrom(view.files) : configText.noFile}{" "}
        {configText.ofGiven(view.keys.filter((key) => key.given).length, view.keys.length)}
      </p>
      {sections.map(([section, keys]) => (
        <section key={section} class="sheet" aria-label={section}>
          <h2>{section}</h2>
          <dl class="config">
            {keys.map((key) => (
              <Key key={key.name} item={key} />
            ))}
          </dl>
        </section>
      ))}
      {sections.length === 0 && <p class="muted">{wanted === "" ? configText.noKeyIsGiven : configText.noKeyFits}</p>}
    </>
  );
}

const Key = ({ item }: { item: ConfigItem }): JSX.Element => {
  const places = [...item.places].reverse();
  const isObject = item.value !== null && typeof item.value === "object" && !Array.isArray(item.value);
  return (
    <div class="c-key" id={item.name}>
      <dt>
        <code>{item.name}</code>
        {item.given && <span class="pill">{configText.given}</span>}
      </dt>
      <dd>
        <code class="stmt">{item.secret && written(item.value) !== '""' ? hidden : written(item.value)}</code>
        {places.length > 0 && (
          <p class="c-places">
            {places.map((place, n) => (
              <span key={place.file}>
                {n > 0 && <small>{isObject ? configText.merged : configText.before} </small>}
                <code>{configText.place(place.file, place.line)}</code>
                {place.variables.length > 0 && <small> {configText.variable(place.variables)}</small>}
              </span>
            ))}
          </p>
        )}
        <p>
          <Prose text={item.meaning} />
        </p>
        {item.now && (
          <p class="c-now">
            <b>{configText.now}</b> {item.now}
          </p>
        )}
        <small>
          {!item.secret && `${written(item.value) === written(item.default) ? configText.isDefault : configText.byDefault(written(item.default))} · `}
          {item.reload === "yes" ? configText.aChangeCountsAtOnce : item.reload === "partly" ? configText.aChangeCountsPartly : configText.aChangeNeedsARestart}
        </small>
      </dd>
    </div>
  );
};

/** Where a key stands, which leads to it where it is one. */
const Spot = ({ of }: { of: KeySpot }): JSX.Element => {
  const place = <code>{configText.place(of.file, of.line)}</code>;
  return of.known ? <a href={url("config", { q: of.key })} aria-label={configText.standsAt(of.key, of.file, of.line)}>{place}</a> : place;
};

const severity: Record<Statement["severity"], Status> = { ok: "ok", note: "info", warning: "warn" };

/** What the check says, by what it is about; warnings first. */
function Check({ check }: { check: ConfigCheck }): JSX.Element {
  const groups = new Map<string, Statement[]>();
  for (const statement of check.statements) groups.set(statement.group, [...(groups.get(statement.group) ?? []), statement]);
  const worst = (list: Statement[]): number => Math.min(...list.map((one) => ["warning", "note", "ok"].indexOf(one.severity)));
  const sorted = [...groups].sort(([, a], [, b]) => worst(a) - worst(b));
  return (
    <>
      <p class="small">{check.warnings === 0 ? configText.nothingToWarn : `${plural(check.warnings, "warning")}.`} {configText.theSameFromTheCommand}</p>
      {sorted.map(([group, statements]) => (
        <section key={group} class="sheet" aria-label={group}>
          <h2>{group}</h2>
          <ul class="said">
            {statements.map((statement) => (
              <li key={statement.text}>
                <Mark status={severity[statement.severity]} />
                <div>
                  <span>
                    <Prose text={statement.text} />
                  </span>
                  <small>
                    {statement.keys.map((key, n) => (
                      <span key={key}>
                        {n > 0 && " · "}
                        <a href={url("config", { q: key })}>{key}</a>
                      </span>
                    ))}
                  </small>
                  {statement.where.length > 0 && (
                    <small class="c-where">
                      {statement.where.map((spot) => (
                        <Spot key={spot.key} of={spot} />
                      ))}
                    </small>
                  )}
                  {statement.example && <code class="stmt">{statement.example}</code>}
                </div>
              </li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}
