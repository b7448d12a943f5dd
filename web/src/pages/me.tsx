import type { JSX } from "preact";
import { useHeading } from "../model/heading.ts";
import { me } from "../model/me.ts";
import { prefer, type Preferences, preferences } from "../model/preferences.ts";
import { Button } from "../ui/button.tsx";
import { text } from "../words/en.ts";
import { meText } from "../words/service.ts";

type Choice = { name: string; options: [label: string, value: string | undefined][]; is: string | undefined; set: (value: string | undefined) => void };

const choice = <K extends keyof Preferences>(name: string, key: K, options: [string, Preferences[K] & (string | undefined)][]): Choice => ({
  name, options, is: preferences.value[key] as string | undefined, set: (value) => prefer({ [key]: value } as Preferences),
});

/** Who looks, and what they like. */
export function MePage(): JSX.Element {
  useHeading({ title: meText.preferences });
  const is = me.value;
  const choices: Choice[] = [
    choice("Theme", "theme", [[meText.asTheSystem, undefined], ["Light", "light"], ["Dark", "dark"]]),
    choice(meText.rowsAndCards, "density", [["Cosy", undefined], ["Compact", "compact"]]),
    choice("Times", "zone", [[meText.thisBrowsersZone, undefined], ["UTC", "utc"]]),
    choice("Motion", "motion", [[meText.asTheSystem, undefined], ["None", "less"]]),
    choice(meText.singleLettersAsKeys, "keys", [["On", undefined], ["Off", "off"]]),
    choice(meText.harmlessChanges, "preview", [[meText.showThePlanFirst, undefined], [meText.runAtOnce, "skip"]]),
  ];
  const { pins = [], filters = [] } = preferences.value;
  return (
    <>
      <div class="hero">
        <p class="big">{is?.name || meText.nobodySigned}</p>
        <p>
          {is ? (is.name ? `${is.role}, by ${is.method}. ${is.why ?? "Changes are allowed."}` : (is.why ?? meText.noSignIn)) : text.unknown}{" "}
          {is?.name ? meText.keptOnServer : meText.keptInBrowser}
        </p>
      </div>
      <section class="sheet prefs">
        {choices.map((one) => (
          <div key={one.name} class="pref">
            <span>{one.name}</span>
            <div class="seg" role="group" aria-label={one.name}>
              {one.options.map(([label, value]) => (
                <button key={label} type="button" aria-pressed={one.is === value} onClick={() => one.set(value)}>
                  {label}
                </button>
              ))}
            </div>
          </div>
        ))}
      </section>
      <section class="sheet two">
        <Kept title={meText.pinnedClusters} none={meText.pinACluster} names={pins} forget={(name) => prefer({ pins: pins.filter((one) => one !== name) })} />
        <Kept title={meText.savedFilters} none={meText.keepAFilter} names={filters.map((one) => one.name)} forget={(name) => prefer({ filters: filters.filter((one) => one.name !== name) })} />
      </section>
    </>
  );
}

const Kept = ({ title, none, names, forget }: { title: string; none: string; names: string[]; forget: (name: string) => void }): JSX.Element => (
  <div>
    <h2>{title}</h2>
    {names.length === 0 && <p class="muted">{none}</p>}
    <ul class="kept">
      {names.map((name) => (
        <li key={name}>
          <span>{name}</span>
          <Button kind="icon ghost" icon="x" label={meText.forget(name)} onClick={() => forget(name)} />
        </li>
      ))}
    </ul>
  </div>
);
