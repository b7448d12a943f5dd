import type { JSX } from "preact";
import type { Publishing, PublishedEntry } from "../../api/types.ts";
import { canAct } from "../../model/acting.ts";
import { type List } from "../../model/list.ts";
import { mayOperate } from "../../model/me.ts";
import { route } from "../../model/route.ts";
import { ask } from "../../plan/model.ts";
import { name } from "../../tree/names.ts";
import { Button } from "../../ui/button.tsx";
import { ListView } from "../../ui/list.tsx";
import { Mark } from "../../ui/marks.tsx";
import { Time } from "../../ui/time.tsx";
import { part, url } from "../../url.ts";
import { exactly } from "../../words/en.ts";
import { entriesText, entryStatus, entryWord, publishText } from "../../words/publishing.ts";

const unreadable = (entry: PublishedEntry): boolean => entry.state === "unreadable";

/** What a store says, in one line: place by place where it has several. */
const said = (entry: PublishedEntry): string => {
  const values = [...new Set(entry.seen.map((sight) => sight.value))];
  if (entry.seen.length === 0) return unreadable(entry) ? entriesText.notReadable : entriesText.notYet;
  return values.length === 1 ? name(values[0]!) || entriesText.nothing : entry.seen.map((sight) => entriesText.inPlace(name(sight.value), sight.place ?? "")).join(", ");
};

/** What each store was seen to say of each cluster, beside what it is to say; what is not in order comes first. */
export function Entries({ list, is }: { list: List<PublishedEntry>; is: Publishing }): JSX.Element {
  const { query } = route.value;
  return (
    <section class="outside" aria-label={entriesText.title}>
      <h2>{entriesText.title}</h2>
      <ListView
        list={list} label={entriesText.title} thing="entry" name={(row) => `${row.alias} ${row.store}`}
        fields={[
          { name: "alias", label: entriesText.cluster, value: query.get("alias") ?? "" },
          { name: "store", label: entriesText.store, value: query.get("store") ?? "", choices: [...is.stores.map((store): [string, string] => [store.name, store.name]), ...Object.entries(entriesText.kinds)] },
          { name: "state", label: entriesText.state, value: query.get("state") ?? "", choices: Object.entries(entryWord) },
        ]}
        columns={[
          {
            name: entriesText.state, text: (row) => entryWord[row.state],
            show: (row) => (
              <>
                <Mark status={entryStatus[row.state]} label={false} /> {entryWord[row.state]}
                {row.drift && <small class="drifted">{entriesText.wasChanged}</small>}
              </>
            ),
          },
          { name: entriesText.cluster, text: (row) => row.alias, show: (row) => <a href={url(`cluster/alias/${part(row.alias)}`)}>{row.alias}</a> },
          { name: entriesText.wanted, text: (row) => row.wanted, show: (row) => <code>{name(row.wanted)}</code> },
          { name: entriesText.says, text: said, show: (row) => <code class={row.state === "in-order" ? "" : unreadable(row) ? "muted" : "t-warn"}>{said(row)}</code> },
          { name: entriesText.store, text: (row) => row.store, show: (row) => (row.name ? <code>{row.name}</code> : (entriesText.kinds[row.store] ?? row.store)) },
          { name: entriesText.checked, text: (row) => exactly(row.checked), show: (row) => (row.checked ? <Time at={row.checked} /> : unreadable(row) ? <span class="muted">{entriesText.cannotBe}</span> : entriesText.notYet) },
          { name: entriesText.changed, text: (row) => exactly(row.changed), show: (row) => (row.changed ? <Time at={row.changed} /> : <span class="muted">{unreadable(row) ? entriesText.cannotBe : entriesText.notHere}</span>) },
        ]}
        opened={(row) => entryStatus[row.state] === "crit" || entryStatus[row.state] === "warn"}
        detail={(row) => <Detail of={row} />}
        empty={<p>{entriesText.noneHere}</p>}
      />
    </section>
  );
}

const Detail = ({ of }: { of: PublishedEntry }): JSX.Element => (
  <div class="opened">
    <p>
      {of.sentence.replace(/\.?$/, ".")}
      {of.since && (
        <>
          {entriesText.since}
          <Time at={of.since} />.
        </>
      )}
    </p>
    {of.drift && (
      <p class="small">
        {entriesText.drifted(of.drift.value)}
        <Time at={of.drift.seen} />
        {of.state === "in-order" ? entriesText.putRight : "."}
      </p>
    )}
    {mayOperate.value && of.store !== "name" && of.store !== "hooks" && (
      <p>
        <Button disabled={!canAct.value} onClick={() => void ask("submit-masters-to-kv-stores", { cluster: of.alias })}>
          {publishText.writeAgain}
        </Button>
      </p>
    )}
  </div>
);
