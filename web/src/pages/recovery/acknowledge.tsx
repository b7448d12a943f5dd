import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { send } from "../../api/client.ts";
import type { Outcome, Recovery } from "../../api/types.ts";
import { countUnacknowledged } from "../../model/attention.ts";
import { tellRefusal, toast } from "../../model/toasts.ts";
import { Ask } from "../../ui/dialog.tsx";
import { ackText } from "../../words/lists.ts";

/** Asks what was found, and acknowledges a recovery with it. */
export function Acknowledge({ is, onClose, onDone }: { is: Recovery; onClose: () => void; onDone: () => void }): JSX.Element {
  const [busy, work] = useState(false);
  const acknowledge = async (comment: string): Promise<void> => {
    work(true);
    try {
      const done = await send<Outcome>("POST", `recoveries/${encodeURIComponent(is.uid)}/acknowledgement`, { comment });
      onClose();
      toast({ status: "ok", text: done.message || ackText.done });
      onDone();
      void countUnacknowledged().catch(() => undefined); // the number in the menu is read again with the next event
    } catch (error) {
      work(false);
      tellRefusal(error);
    }
  };
  return (
    <Ask
      title={ackText.title(is.alias || is.cluster)} verb={ackText.verb} label={ackText.label} busy={busy} onClose={onClose} onDone={(said) => void acknowledge(said)}
      explain={<p>{ackText.explain}</p>}
    />
  );
}
