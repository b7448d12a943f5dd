import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { dismiss, type Toast, toasts } from "../model/toasts.ts";
import { Button } from "../ui/button.tsx";
import { Mark } from "../ui/marks.tsx";
import { url } from "../url.ts";
import { text } from "../words/en.ts";
import { frameText } from "../words/frame.ts";

const stays = 8000; // ms

/** The message of the moment. It stays while somebody points at it or is in it. */
export function Toasts(): JSX.Element | null {
  const is = toasts.value[0];
  const [held, hold] = useState(false);
  useEffect(() => {
    if (!is || held) return;
    const timer = setTimeout(dismiss, stays);
    return () => clearTimeout(timer);
  }, [is, held]);
  if (!is) return null;
  const act = (what: Toast["action"]) => (): void => {
    dismiss();
    what?.do();
  };
  return (
    <div class="toast" onMouseEnter={() => hold(true)} onMouseLeave={() => hold(false)} onFocusIn={() => hold(true)} onFocusOut={() => hold(false)}>
      <Mark status={is.status} label={false} />
      <span>{is.text}</span>
      {is.details && (
        <a class="btn ghost" href={url(is.details)}>
          {frameText.details}
        </a>
      )}
      {is.more && (
        <Button kind="ghost" onClick={act(is.more)}>
          {is.more.name}
        </Button>
      )}
      {is.action && (
        <Button kind="ghost" {...(is.action.icon ? { icon: is.action.icon } : {})} onClick={act(is.action)}>
          {is.action.name}
        </Button>
      )}
      <Button kind="icon ghost" icon="x" label={text.close} onClick={dismiss} />
    </div>
  );
}
