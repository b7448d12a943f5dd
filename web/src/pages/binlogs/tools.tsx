import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { get, Refusal } from "../../api/client.ts";
import type { GTIDText, LogPlace, Problem, SetsCompared } from "../../api/types.ts";
import { name } from "../../tree/names.ts";
import { Button } from "../../ui/button.tsx";
import { Failed } from "../../ui/states.tsx";
import { placeText, setText } from "../../words/binlogs.ts";
import { plural, text } from "../../words/en.ts";
import { Pick } from "./files.tsx";

type Answer<T> = { value?: T; problem?: Problem; busy?: boolean };

/** Something that is worked out when it is asked for. */
function useAnswer<T>(): [Answer<T>, (path: string, query?: Record<string, string>) => void] {
  const [is, set] = useState<Answer<T>>({});
  const find = (path: string, query?: Record<string, string>): void => {
    set({ busy: true });
    get<T>(path, query).then(
      (value) => set({ value }),
      (error: unknown) => set({ problem: error instanceof Refusal ? error.problem : { type: "", title: "", status: 0, detail: String(error) } }),
    );
  };
  return [is, find];
}

/** What only one of two sets has, and what both have. */
export function Sets(): JSX.Element {
  const [a, setA] = useState("");
  const [b, setB] = useState("");
  const [is, find] = useAnswer<SetsCompared>();
  return (
    <section class="sheet">
      <h2>{setText.title}</h2>
      <p class="small">{setText.means}</p>
      <form onSubmit={(event) => (event.preventDefault(), find("gtid-sets", { a, b }))}>
        <Area label={setText.first} value={a} onInput={setA} />
        <Area label={setText.second} value={b} onInput={setB} />
        <button type="submit" class="btn" disabled={is.busy || (a.trim() === "" && b.trim() === "")}>
          <span>{setText.compare}</span>
        </button>
      </form>
      <Result of={is}>
        {(value) => (
          <>
            <p>{value.sentence}</p>
            <dl class="settings">
              <Part title={setText.onlyFirst} of={value.only_a} />
              <Part title={setText.onlySecond} of={value.only_b} />
              <Part title={setText.both} of={value.both} />
            </dl>
          </>
        )}
      </Result>
    </section>
  );
}

const Area = ({ label, value, onInput }: { label: string; value: string; onInput: (text: string) => void }): JSX.Element => (
  <label>
    {label}
    <textarea rows={2} spellcheck={false} value={value} onInput={(event) => onInput(event.currentTarget.value)} />
  </label>
);

const Part = ({ title, of }: { title: string; of: GTIDText }): JSX.Element => (
  <div class="kv">
    <dt>{title}</dt>
    <dd>
      {of.set === "" ? setText.empty : <code class="wrap">{of.set}</code>} {of.count > 0 && <small>{plural(of.count, "transaction")}</small>}
    </dd>
  </div>
);

/** The same place in another log, and the last pseudo-GTID entry. */
export function Places({ servers }: { servers: readonly string[] }): JSX.Element {
  const [server, pick] = useState(servers[0] ?? "");
  const [other, pickOther] = useState(servers[1] ?? servers[0] ?? "");
  const [at, setAt] = useState("");
  const [is, find] = useAnswer<LogPlace>();
  const path = `instances/${encodeURIComponent(server)}/`;
  return (
    <section class="sheet">
      <h2>{placeText.title}</h2>
      <p class="small">{placeText.means}</p>
      <form class="places" onSubmit={(event) => (event.preventDefault(), find(path + "equivalent", { in: other, at }))}>
        <Pick label={placeText.of} servers={servers} is={server} onPick={pick} />
        <label class="field">
          <span>{placeText.at}</span>
          <input class="field-in" type="text" value={at} placeholder={placeText.atHint} spellcheck={false} onInput={(event) => setAt(event.currentTarget.value.trim())} />
        </label>
        <Pick label={placeText.in} servers={servers} is={other} onPick={pickOther} />
        <div class="in-a">
          <button type="submit" class="btn" disabled={is.busy || server === other}>
            <span>{placeText.find}</span>
          </button>
          <Button kind="ghost" disabled={is.busy ?? false} onClick={() => find(path + "pseudo-gtid")}>
            {placeText.last}
          </Button>
        </div>
      </form>
      <Result of={is}>
        {(value) => (
          <p>
            <code class="wrap">{placeText.found(name(value.server), value.at)}</code> {value.entry && <code class="wrap">{value.entry}</code>}
          </p>
        )}
      </Result>
    </section>
  );
}

function Result<T>({ of, children }: { of: Answer<T>; children: (value: T) => ComponentChildren }): JSX.Element {
  return (
    <div role="status">
      {of.busy && <p class="small">{text.asking}</p>}
      {of.problem && <Failed problem={of.problem} />}
      {of.value !== undefined && children(of.value)}
    </div>
  );
}
