import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import { now, Refusal, send } from "../api/client.ts";
import type { Problem, RuleRequest } from "../api/types.ts";
import { serverCell } from "../model/cluster.ts";
import { fleet } from "../model/fleet.ts";
import { toast } from "../model/toasts.ts";
import { subtree } from "../tree/canvas.tsx";
import { declared, declaring } from "../tree/declare.ts";
import { commonSource, drop, hover, moving, pickUp, putDown } from "../tree/moving.ts";
import { name } from "../tree/names.ts";
import { Button } from "../ui/button.tsx";
import { Dialog, DialogForm } from "../ui/dialog.tsx";
import { Icon, Mark } from "../ui/marks.tsx";
import { Failed } from "../ui/states.tsx";
import { dialogText, holdLengths, holdText, plural, ruleText, text } from "../words/en.ts";

/** The small dialogs: what people declare of servers, and the list of where one may be moved. */
export function Dialogs(): JSX.Element | null {
  const is = declaring.value;
  if (!is) return null;
  const title = is.servers.length === 1 ? name(is.servers[0]) : plural(is.servers.length, "server");
  switch (is.what) {
    case "downtime":
    case "maintenance":
      return <Hold key={is.what} what={is.what} servers={is.servers} title={title} />;
    case "tags":
      return <Tags servers={is.servers} title={title} />;
    case "rule":
      return <Rule servers={is.servers} title={title} />;
    case "move":
      return <Targets servers={is.servers} title={title} />;
  }
}

const of = (key: string, what: string): string => `instances/${encodeURIComponent(key)}/${what}`;

/** Does something to several servers, one after the other; the first refusal ends it and is shown. */
async function each(servers: readonly string[], work: (key: string) => Promise<unknown>): Promise<Problem | undefined> {
  for (const key of servers) {
    try {
      await work(key);
    } catch (error) {
      return error instanceof Refusal ? error.problem : { type: "", title: "", status: 0, detail: String(error) };
    }
  }
  return undefined;
}

/** The choice of a moment instead of a length. */
const untilThen = "until";

/** A moment as a field for it has it: in the time zone of who looks, by the minute. */
function local(at: number): string {
  const there = new Date(at);
  return new Date(at - there.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function Hold({ what, servers, title }: { what: "downtime" | "maintenance"; servers: readonly string[]; title: string }): JSX.Element {
  const [chosen, setChosen] = useState<readonly string[]>(servers.length > 1 ? servers : [servers[0]!]);
  const [reason, setReason] = useState("");
  const [length, setLength] = useState("1h");
  const [until, setUntil] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const words = holdText[what];
  const held = chosen.filter((key) => serverCell(key)?.value[what]);
  const below = servers.length === 1 ? subtree(servers[0]!) : [];
  const say = (said: string, undo?: () => void): void => {
    declared();
    toast({ status: "ok", text: said, action: undo ? { name: text.undo, icon: "undo", do: undo } : undefined });
  };
  const end = (keys: readonly string[]): Promise<Problem | undefined> => each(keys, (key) => send("DELETE", of(key, what)));
  const settle = async (work: () => Promise<Problem | undefined>, said: string, undo?: () => void): Promise<void> => {
    setBusy(true);
    const refused = await work();
    setBusy(false);
    if (refused) setProblem(refused);
    else say(said, undo);
  };
  const duration = (): string => (length === untilThen ? `${Math.max(1, Math.round((new Date(until).getTime() - now()) / 1000))}s` : length);
  const begin = (): Promise<void> =>
    settle(() => each(chosen, (key) => send("PUT", of(key, what), { reason: reason.trim(), duration: duration() })), words.begun(chosen.length === 1 ? title : plural(chosen.length, "server")), () => void end(chosen));
  const endNow = held.length > 0 && (
    <Button kind="ghost" disabled={busy} onClick={() => void settle(() => end(held), words.ended(plural(held.length, "server")))}>
      {dialogText.endNow}
    </Button>
  );
  return (
    <Dialog title={words.title(title)} onClose={declared}>
      <DialogForm verb={held.length > 0 ? dialogText.extend : dialogText.begin} busy={busy} onLeave={declared} onDone={() => void begin()} beside={endNow}>
        <p class="explain">{words.means}</p>
        {problem && <Failed problem={problem} />}
        <label class="field">
          <span>{dialogText.why}</span>
          <input type="text" autofocus required maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <div class="chips wide" role="group" aria-label={dialogText.howLong}>
          {[...holdLengths, [untilThen, dialogText.until] as const].map(([value, called]) => (
            <button key={value} type="button" class="chip" aria-pressed={length === value} onClick={() => setLength(value)}>
              {called}
            </button>
          ))}
        </div>
        {length === untilThen && (
          <label class="field">
            <span>{dialogText.untilWhen}</span>
            <input type="datetime-local" required min={local(now() + 60_000)} value={until} onInput={(event) => setUntil(event.currentTarget.value)} />
          </label>
        )}
        {below.length > 1 && (
          <label class="toggle">
            <input type="checkbox" checked={chosen.length > 1} onChange={(event) => setChosen(event.currentTarget.checked ? below : servers)} />
            <span>{dialogText.withBelow(below.length - 1)}</span>
          </label>
        )}
      </DialogForm>
    </Dialog>
  );
}

function Tags({ servers, title }: { servers: readonly string[]; title: string }): JSX.Element {
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const has = new Map<string, string[]>();
  for (const key of servers) for (const tag of serverCell(key)?.value.tags ?? []) has.set(tag, [...(has.get(tag) ?? []), key]);
  const known = [...has.keys()];
  const elsewhere = [...new Set(fleet.value?.clusters.flatMap((row) => row.tags))].filter((tag) => has.get(tag)?.length !== servers.length).sort();
  const list = useId();
  const add = async (): Promise<void> => {
    const [tag, ...value] = typed.trim().split("=");
    setProblem(await each(servers, (key) => send("PUT", of(key, "tags/" + encodeURIComponent(tag!)), { value: value.join("=") })));
    setTyped("");
  };
  return (
    <Dialog title={dialogText.tagsOf(title)} onClose={declared}>
      <DialogForm verb={dialogText.add} leave={text.close} onLeave={declared} onDone={() => void add()}>
        {problem && <Failed problem={problem} />}
        <ul class="taglist">
          {known.map((tag) => (
            <li key={tag}>
              <span class="tag">{tag}</span>
              {has.get(tag)!.length < servers.length && <small>{dialogText.onSome(has.get(tag)!.length, servers.length)}</small>}
              <Button kind="icon ghost" icon="x" label={dialogText.remove(tag)} onClick={() => void each(has.get(tag)!, (key) => send("DELETE", of(key, "tags/" + encodeURIComponent(tag.split("=")[0]!)))).then(setProblem)} />
            </li>
          ))}
        </ul>
        <label class="field">
          <span>{dialogText.newTag}</span>
          <input type="text" autofocus required pattern="[^\s,=]+(=.*)?" list={list} value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
        </label>
        <datalist id={list}>
          {elsewhere.map((tag) => (
            <option key={tag} value={tag} />
          ))}
        </datalist>
      </DialogForm>
    </Dialog>
  );
}

function Rule({ servers, title }: { servers: readonly string[]; title: string }): JSX.Element {
  const now = serverCell(servers[0]!)?.value.promotion_rule;
  const [rule, setRule] = useState<RuleRequest["rule"]>(now !== undefined && now in ruleText ? (now as RuleRequest["rule"]) : "neutral");
  const [problem, setProblem] = useState<Problem>();
  const put = async (): Promise<void> => {
    const before = servers.map((key) => [key, serverCell(key)?.peek().promotion_rule ?? "neutral"] as const);
    const refused = await each(servers, (key) => send("PUT", of(key, "promotion-rule"), { rule }));
    if (refused) return setProblem(refused);
    declared();
    toast({
      status: "ok", text: dialogText.ruleIs(title, rule),
      action: { name: text.undo, icon: "undo", do: () => void Promise.all(before.map(([key, was]) => send("PUT", of(key, "promotion-rule"), { rule: was }))) },
    });
  };
  return (
    <Dialog title={dialogText.ruleOf(title)} onClose={declared}>
      <DialogForm verb={dialogText.setRule} onLeave={declared} onDone={() => void put()}>
        {problem && <Failed problem={problem} />}
        <fieldset class="winners">
          <legend>{dialogText.howWanted}</legend>
          {Object.entries(ruleText).map(([id, words]) => (
            <label key={id}>
              <input type="radio" name="rule" checked={rule === id} onChange={() => setRule(id as RuleRequest["rule"])} />
              <span>
                <b>{id}</b>
                <small>{words}</small>
              </span>
            </label>
          ))}
        </fieldset>
        <p class="small">{dialogText.ruleExpires}</p>
      </DialogForm>
    </Dialog>
  );
}

/** Where servers may be moved that replicate from the same source: allowed targets first, the others below with their reasons. */
function Targets({ servers, title }: { servers: readonly string[]; title: string }): JSX.Element {
  const source = servers.length > 1 ? commonSource(servers) : undefined;
  useEffect(() => {
    if (source) pickUp(source, "sheet", { all: true, only: servers });
    else pickUp(servers[0]!, "sheet");
    return () => {
      if (moving.peek()?.how === "sheet") putDown();
    };
  }, [servers]);
  const verdicts = [...(moving.value?.verdicts?.values() ?? [])].filter((verdict) => !servers.includes(verdict.target));
  const choose = (target: string): void => {
    hover(target, false);
    drop(target, false);
    declared();
  };
  return (
    <Dialog title={dialogText.moveBelow(title)} onClose={declared}>
      {moving.value?.verdicts ? (
        <ul class="targets">
          {[...verdicts.filter((verdict) => verdict.ok), ...verdicts.filter((verdict) => !verdict.ok)].map((verdict) => (
            <li key={verdict.target}>
              <button type="button" class="target" aria-disabled={!verdict.ok} onClick={() => verdict.ok && choose(verdict.target)}>
                {verdict.ok ? <Icon name="check" /> : <Mark status="crit" label={dialogText.notPossible} />}
                <span>
                  <b>{name(verdict.target)}</b>
                  <small>{verdict.ok ? verdict.text : dialogText.refused(verdict.text, verdict.rule ?? "")}</small>
                </span>
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <p class="muted" aria-busy="true">
          {text.asking}
        </p>
      )}
    </Dialog>
  );
}
