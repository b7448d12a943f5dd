import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Refusal, send } from "../api/client.ts";
import type { Problem, RuleRequest } from "../api/types.ts";
import { serverCell } from "../model/cluster.ts";
import { fleet } from "../model/fleet.ts";
import { toast } from "../model/toasts.ts";
import { subtree } from "../tree/canvas.tsx";
import { declared, declaring } from "../tree/declare.ts";
import { drop, hover, moving, pickUp, putDown } from "../tree/moving.ts";
import { name } from "../tree/names.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Icon, Mark } from "../ui/marks.tsx";
import { Failed } from "../ui/states.tsx";
import { plural } from "../words/en.ts";

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
      return <Targets server={is.servers[0]!} />;
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

const lengths: [string, string][] = [["10m", "10 minutes"], ["1h", "1 hour"], ["4h", "4 hours"], ["24h", "24 hours"], ["7d", "7 days"]];

function Hold({ what, servers, title }: { what: "downtime" | "maintenance"; servers: readonly string[]; title: string }): JSX.Element {
  const [chosen, setChosen] = useState<readonly string[]>(servers.length > 1 ? servers : [servers[0]!]);
  const [reason, setReason] = useState("");
  const [length, setLength] = useState("1h");
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const held = chosen.filter((key) => serverCell(key)?.value[what]);
  const below = servers.length === 1 ? subtree(servers[0]!) : [];
  const say = (text: string, undo?: () => void): void => {
    declared();
    toast({ status: "ok", text, action: undo ? { name: "Undo", icon: "undo", do: undo } : undefined });
  };
  const end = (keys: readonly string[]): Promise<Problem | undefined> => each(keys, (key) => send("DELETE", of(key, what)));
  const begin = async (): Promise<void> => {
    setBusy(true);
    const refused = await each(chosen, (key) => send("PUT", of(key, what), { reason: reason.trim(), duration: length }));
    setBusy(false);
    if (refused) setProblem(refused);
    else say(`${what === "downtime" ? "Downtime" : "Maintenance"} of ${chosen.length === 1 ? title : plural(chosen.length, "server")} has begun.`, () => void end(chosen));
  };
  return (
    <Dialog title={`${what === "downtime" ? "Downtime" : "Maintenance"} of ${title}`} onClose={declared}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void begin();
        }}
      >
        <p class="explain">{what === "downtime" ? "Meanwhile failures of these servers start nothing." : "Meanwhile nobody else operates on these servers."}</p>
        {problem && <Failed problem={problem} />}
        <label class="field">
          <span>Why</span>
          <input type="text" autofocus required maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
        <div class="chips wide" role="group" aria-label="How long">
          {lengths.map(([value, words]) => (
            <button key={value} type="button" class="chip" aria-pressed={length === value} onClick={() => setLength(value)}>
              {words}
            </button>
          ))}
        </div>
        {below.length > 1 && (
          <label class="toggle">
            <input type="checkbox" checked={chosen.length > 1} onChange={(event) => setChosen(event.currentTarget.checked ? below : servers)} />
            <span>With all {plural(below.length - 1, "server")} below</span>
          </label>
        )}
        <div class="dialog-foot">
          {held.length > 0 && (
            <Button
              kind="ghost"
              disabled={busy}
              onClick={() => {
                setBusy(true);
                void end(held).then((refused) => {
                  setBusy(false);
                  if (refused) setProblem(refused);
                  else say(`${what === "downtime" ? "Downtime" : "Maintenance"} of ${plural(held.length, "server")} has ended.`);
                });
              }}
            >
              End it now
            </Button>
          )}
          <span class="grow" />
          <Button kind="ghost" onClick={declared}>
            Cancel
          </Button>
          <button type="submit" class="btn primary" disabled={busy}>
            <span>{held.length > 0 ? "Extend" : "Begin"}</span>
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function Tags({ servers, title }: { servers: readonly string[]; title: string }): JSX.Element {
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const has = new Map<string, string[]>();
  for (const key of servers) for (const tag of serverCell(key)?.value.tags ?? []) has.set(tag, [...(has.get(tag) ?? []), key]);
  const known = fleet.value ? [...has.keys()] : [];
  const add = async (): Promise<void> => {
    const [tag, ...value] = text.trim().split("=");
    setProblem(await each(servers, (key) => send("PUT", of(key, "tags/" + encodeURIComponent(tag!)), { value: value.join("=") })));
    setText("");
  };
  return (
    <Dialog title={`Tags of ${title}`} onClose={declared}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        {problem && <Failed problem={problem} />}
        <ul class="taglist">
          {known.map((tag) => (
            <li key={tag}>
              <span class="tag">{tag}</span>
              {has.get(tag)!.length < servers.length && <small>{`on ${has.get(tag)!.length} of ${servers.length}`}</small>}
              <Button kind="icon ghost" icon="x" label={`Remove ${tag}`} onClick={() => void each(has.get(tag)!, (key) => send("DELETE", of(key, "tags/" + encodeURIComponent(tag.split("=")[0]!)))).then(setProblem)} />
            </li>
          ))}
        </ul>
        <label class="field">
          <span>New tag, as name or name=value</span>
          <input type="text" autofocus required pattern="[^\s,=]+(=.*)?" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <div class="dialog-foot">
          <Button kind="ghost" onClick={declared}>
            Close
          </Button>
          <button type="submit" class="btn primary">
            <span>Add</span>
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const rules: [RuleRequest["rule"], string][] = [
  ["prefer", "It is promoted rather than others."], ["neutral", "As good as any."], ["prefer_not", "Only when nobody else can."], ["must_not", "Never."],
];

function Rule({ servers, title }: { servers: readonly string[]; title: string }): JSX.Element {
  const now = serverCell(servers[0]!)?.value.promotion_rule;
  const [rule, setRule] = useState<RuleRequest["rule"]>((rules.find(([id]) => id === now) ?? rules[1]!)[0]);
  const [problem, setProblem] = useState<Problem>();
  const put = async (): Promise<void> => {
    const before = servers.map((key) => [key, serverCell(key)?.peek().promotion_rule ?? "neutral"] as const);
    const refused = await each(servers, (key) => send("PUT", of(key, "promotion-rule"), { rule }));
    if (refused) return setProblem(refused);
    declared();
    toast({
      status: "ok", text: `Promotion rule of ${title}: ${rule}.`,
      action: { name: "Undo", icon: "undo", do: () => void Promise.all(before.map(([key, was]) => send("PUT", of(key, "promotion-rule"), { rule: was }))) },
    });
  };
  return (
    <Dialog title={`Promotion rule of ${title}`} onClose={declared}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void put();
        }}
      >
        {problem && <Failed problem={problem} />}
        <fieldset class="winners">
          <legend>How much it is wanted as a primary</legend>
          {rules.map(([id, words]) => (
            <label key={id}>
              <input type="radio" name="rule" checked={rule === id} onChange={() => setRule(id)} />
              <span>
                <b>{id}</b>
                <small>{words}</small>
              </span>
            </label>
          ))}
        </fieldset>
        <p class="small">It holds for a limited time (CandidateInstanceExpireMinutes).</p>
        <div class="dialog-foot">
          <Button kind="ghost" onClick={declared}>
            Cancel
          </Button>
          <button type="submit" class="btn primary">
            <span>Set the rule</span>
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Where a server may be moved: allowed targets first, the others below with their reasons. */
function Targets({ server }: { server: string }): JSX.Element {
  useEffect(() => {
    pickUp(server, "sheet");
    return () => {
      if (moving.peek()?.how === "sheet") putDown();
    };
  }, [server]);
  const verdicts = [...(moving.value?.verdicts?.values() ?? [])].filter((verdict) => verdict.target !== server);
  const choose = (target: string): void => {
    hover(target, false);
    drop(target, false);
    declared();
  };
  return (
    <Dialog title={`Move ${name(server)} below …`} onClose={declared}>
      {moving.value?.verdicts ? (
        <ul class="targets">
          {[...verdicts.filter((verdict) => verdict.ok), ...verdicts.filter((verdict) => !verdict.ok)].map((verdict) => (
            <li key={verdict.target}>
              <button type="button" class="target" aria-disabled={!verdict.ok} onClick={() => verdict.ok && choose(verdict.target)}>
                {verdict.ok ? <Icon name="check" /> : <Mark status="crit" label="not possible" />}
                <span>
                  <b>{name(verdict.target)}</b>
                  <small>{verdict.ok ? verdict.text : `${verdict.text}. Rule: ${verdict.rule ?? ""}`}</small>
                </span>
              </button>
            </li>
          ))}
        </ul>
      ) : (
        <p class="muted" aria-busy="true">
          asking …
        </p>
      )}
    </Dialog>
  );
}
