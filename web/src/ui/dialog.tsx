import type { ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "./button.tsx";
import { text } from "../words/en.ts";

type Props = { title: ComponentChildren; onClose: () => void; wide?: boolean; children: ComponentChildren };

/** A window over the page. The browser keeps the focus in it, closes it with Escape and gives the focus back. */
export function Dialog({ title, onClose, wide = false, children }: Props): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Together with the change that made it: what is in a dialog that is not open yet can neither be seen nor get the focus.
  useLayoutEffect(() => {
    const back = document.activeElement as HTMLElement | null;
    const dialog = box.current!;
    dialog.showModal();
    // The browser would begin with the button that closes, where a space ends what was begun.
    dialog.querySelector<HTMLElement>("[data-first], textarea, input, select, .dialog-foot button")?.focus();
    return () => {
      dialog.close(); // while it is open, nothing outside takes the focus
      back?.focus?.();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class={wide ? "dialog wide" : "dialog"}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === box.current && onClose()}
    >
      <div class="dialog-in">
        <div class="pn-top">
          <h2 id={id}>{title}</h2>
          <Button kind="icon ghost" icon="x" label={text.close} onClick={onClose} />
        </div>
        {children}
      </div>
    </dialog>
  );
}

/** The form of a dialog: what is asked for, and at its foot the way out and what it does. */
export function DialogForm({ verb, busy, leave = text.cancel, onLeave, onDone, beside, children }: {
  verb: string;
  busy?: boolean | undefined;
  leave?: string;
  onLeave: () => void;
  onDone: () => void;
  /** What else can be done, at the other side of the foot. */
  beside?: ComponentChildren;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onDone();
      }}
    >
      {children}
      <div class="dialog-foot">
        {beside}
        {beside && <span class="grow" />}
        <Button kind="ghost" onClick={onLeave}>
          {leave}
        </Button>
        <button type="submit" class="btn primary" disabled={busy}>
          <span>{verb}</span>
        </button>
      </div>
    </form>
  );
}

/** A dialog that asks for a sentence before something is done. */
export function Ask({ title, explain, label, verb, busy, onDone, onClose }: {
  title: string;
  explain: ComponentChildren;
  /** Of the field; nothing is asked for without it. */
  label?: string;
  verb: string;
  busy?: boolean;
  onDone: (said: string) => void;
  onClose: () => void;
}): JSX.Element {
  const field = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  return (
    <Dialog title={title} onClose={onClose}>
      <DialogForm verb={verb} busy={busy} onLeave={onClose} onDone={() => onDone(field.current?.value.trim() ?? "")}>
        <div class="explain">{explain}</div>
        {label && (
          <label for={id} class="field">
            <span>{label}</span>
            <textarea id={id} ref={field} rows={3} required maxLength={1000} />
          </label>
        )}
      </DialogForm>
    </Dialog>
  );
}
