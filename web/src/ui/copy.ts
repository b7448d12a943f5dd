import { outward } from "../model/naming.ts";
import { toast } from "../model/toasts.ts";
import { text as words } from "../words/en.ts";
import { listText } from "../words/list.ts";

/** Copies a text, without names of servers where none are shown. Without a secure connection browsers have no clipboard; then the old way is taken. */
export async function copyText(whole: string): Promise<void> {
  const text = outward(whole);
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyOldWay(text);
    toast({ status: "ok", text: words.copied });
  } catch (error) {
    toast({ status: "crit", text: listText.notCopied((error as Error).message) });
  }
}

function copyOldWay(text: string): void {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error(listText.theBrowserRefuses);
}

/** Hands a text to the browser as a file, without names of servers where none are shown. */
export function saveText(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([outward(text)], { type }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
