import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Donors, Server } from "../api/types.ts";
import { useResource } from "../model/resource.ts";
import { ask } from "../plan/model.ts";
import { name } from "../tree/names.ts";
import { Button } from "../ui/button.tsx";
import { Dialog, DialogForm } from "../ui/dialog.tsx";
import { errantText } from "../words/binlogs.ts";

/** Rebuilding the server from another one: which that may be, and why not, the servers have been asked. */
export function Rebuild({ of }: { of: Server }): JSX.Element {
  const [choosing, choose] = useState(false);
  const { value, problem } = useResource<Donors>(`instances/${encodeURIComponent(of.key)}/donors`, { seen: of.errant });
  const not = problem?.detail ?? (value && !value.possible ? [value.reason, value.remedy && errantText.instead(value.remedy)].filter(Boolean).join(" ") : "");
  return (
    <li data-choice="rebuild">
      <div>
        <b>{errantText.rebuild}</b>
        <p class="small">{errantText.rebuildMeans}</p>
        {not && <p class="small t-warn">{not}</p>}
      </div>
      <Button disabled={!value?.possible} onClick={() => choose(true)}>
        {errantText.rebuildVerb}
      </Button>
      {choosing && value && <ChooseDonor of={value} onClose={() => choose(false)} />}
    </li>
  );
}

function ChooseDonor({ of, onClose }: { of: Donors; onClose: () => void }): JSX.Element {
  const [donor, setDonor] = useState(of.donors[0]?.server ?? "");
  return (
    <Dialog title={errantText.rebuildOf(name(of.server))} onClose={onClose}>
      <DialogForm
        verb={errantText.showThePlan} onLeave={onClose}
        onDone={() => {
          onClose();
          void ask("rebuild-replica", { instance: of.server, destination: donor });
        }}
      >
        <div class="explain">
          <p>{errantText.rebuildMeans}</p>
        </div>
        <fieldset class="winners">
          <legend>{errantText.rebuildFrom}</legend>
          {of.donors.map((one) => (
            <label key={one.server}>
              <input type="radio" name="donor" value={one.server} checked={one.server === donor} disabled={!one.ok} onChange={() => setDonor(one.server)} />
              <span>
                <b>{name(one.server)}</b>
                <small>{one.sentence}</small>
              </span>
            </label>
          ))}
        </fieldset>
      </DialogForm>
    </Dialog>
  );
}
