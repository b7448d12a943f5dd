import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Refusal, send } from "../../api/client.ts";
import type { ConfigChange, ConfigChanges, Outcome, Problem } from "../../api/types.ts";
import { frozen } from "../../model/acting.ts";
import { useResource } from "../../model/resource.ts";
import { toast } from "../../model/toasts.ts";
import { Dialog, DialogForm } from "../../ui/dialog.tsx";
import { Mark } from "../../ui/marks.tsx";
import { Failed, Loaded } from "../../ui/states.tsx";
import { me } from "../../model/me.ts";
import { configText } from "../../words/service.ts";

/** A value as a file has it. */
export const written = (value: unknown): string => (value === undefined ? "" : JSON.stringify(value));

/** What stands for a secret. */
export const hidden = "••••••";

/** What reading the configuration again would change here; nothing is read before somebody has seen it. */
export function Changes({ onRead, onClose }: { onRead: () => void; onClose: () => void }): JSX.Element {
  const changes = useResource<ConfigChanges>("config/changes");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const read = async (): Promise<void> => {
    setBusy(true);
    try {
      const done = await send<Outcome>("POST", "config/reload", {});
      toast({ status: "ok", text: done.message || configText.theConfigurationWasReadAgain });
      onRead();
    } catch (error) {
      setProblem(error instanceof Refusal ? error.problem : { type: "", title: "", status: 0, detail: String(error) });
      setBusy(false);
    }
  };
  const is = changes.value;
  return (
    <Dialog title={configText.changesTitle(is?.node ?? me.value?.node ?? "")} onClose={onClose} wide>
      <DialogForm verb={configText.readNow} busy={busy || frozen.value || is === null || is.refused !== undefined} onLeave={onClose} onDone={() => void read()}>
        <Loaded of={changes} rows={3}>
          {(value) => <Content of={value} />}
        </Loaded>
        {problem && <Failed problem={problem} />}
      </DialogForm>
    </Dialog>
  );
}

function Content({ of }: { of: ConfigChanges }): JSX.Element {
  const restarts = of.changes.filter((change) => change.reload === "restart").length;
  return (
    <div class="explain">
      {of.refused ? (
        <div class="verdict v-crit" role="alert">
          <b>
            <Mark status="crit" label={false} />
            {configText.wouldBeRefused}
          </b>
          {of.refused.split("\n").map((line) => (
            <p key={line}>{line}</p>
          ))}
        </div>
      ) : (
        <>
          {of.changes.length === 0 ? <p>{configText.nothingChanges}</p> : <List of={of.changes} />}
          {restarts > 0 && (
            <p class="notyet">
              <Mark status="warn" label={false} />
              {configText.restarts(restarts)}
            </p>
          )}
        </>
      )}
      {of.warnings.map((warning) => (
        <p key={warning} class="notyet">
          <Mark status="warn" label={false} />
          {warning}
        </p>
      ))}
      <p class="small">{configText.onlyHere}</p>
    </div>
  );
}

const List = ({ of }: { of: ConfigChange[] }): JSX.Element => (
  <ul class="c-changes">
    {of.map((change) => (
      <li key={change.name}>
        <code>{change.name}</code>
        <span class="pill">{configText.counts[change.reload] ?? change.reload}</span>
        {change.secret ? (
          <p>{configText.changed}</p>
        ) : (
          <p>
            <del>{written(change.before)}</del> → <ins>{written(change.after)}</ins>
          </p>
        )}
        {change.place && <small>{configText.place(change.place.file, change.place.line)}</small>}
      </li>
    ))}
  </ul>
);
