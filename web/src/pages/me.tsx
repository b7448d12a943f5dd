import type { JSX } from "preact";
import { useHeading } from "../model/heading.ts";
import { me } from "../model/me.ts";
import { prefer, type Preferences, preferences } from "../model/preferences.ts";
import { Button } from "../ui/button.tsx";
import { text } from "../words/en.ts";

type Choice = { name: string; options: [label: string, value: string | undefined][]; is: string | undefined; set: (value: string | undefined) => void };

const choice = <K extends keyof Preferences>(name: string, key: K, options: [string, Preferences[K] & (string | undefined)][]): Choice => ({
  name, options, is: preferences.value[key] as string | undefined, set: (value) => prefer({ [key]: value } as Preferences),
});

/** Who looks, and what they like. */
export function MePage(): JSX.Element {
  useHeading({ title: "Preferences" });
  const is = me.value;
  const choices: Choice[] = [
    choice("Theme", "theme", [["As the system", undefined], ["Light", "light"], ["Dark", "dark"]]),
    choice("Rows and cards", "density", [["Cosy", undefined], ["Compact", "compact"]]),
    choice("Times", "zone", [["This browser’s zone", undefined], ["UTC", "utc"]]),
    choice("Motion", "motion", [["As the system", undefined], ["None", "less"]]),
    choice("Single letters as keys", "keys", [["On", undefined], ["Off", "off"]]),
    choice("Harmless changes", "preview", [["Show the plan first", undefined], ["Run at once", "skip"]]),
  ];
  const { pins = [], filters = [] } = preferences.value;
  return (
    <>
      <div class="hero">
        <p class="big">{is?.name || "Nobody signed in"}</p>
        <p>
          {is ? (is.name ? `${is.role}, by ${is.method}. ${is.why ?? "Changes are allowed."}` : (is.why ?? "No sign-in is configured (AuthenticationMethod): whoever reaches this page may change servers.")) : text.unknown}{" "}
          {is?.name ? "What is chosen here is kept with the name, on the server." : "What is chosen here is kept in this browser."}
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
        <Kept title="Pinned clusters" none="Pin a cluster on its page to have it in the side bar." names={pins} forget={(name) => prefer({ pins: pins.filter((one) => one !== name) })} />
        <Kept title="Saved filters" none="Keep a filter on the dashboard to have it here." names={filters.map((one) => one.name)} forget={(name) => prefer({ filters: filters.filter((one) => one.name !== name) })} />
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
          <Button kind="icon ghost" icon="x" label={`Forget ${name}`} onClick={() => forget(name)} />
        </li>
      ))}
    </ul>
  </div>
);
