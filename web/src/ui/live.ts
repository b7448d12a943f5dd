// What is spoken to those who do not see the page; at most one message a second.
import { outward } from "../model/naming.ts";

let timer: ReturnType<typeof setTimeout> | undefined;
let next = "";

/** Speaks when there is a pause. */
export function say(text: string): void {
  next = text;
  timer ??= setTimeout(() => {
    timer = undefined;
    document.getElementById("live")!.textContent = outward(next);
  }, 1000);
}

/** Speaks at once. For critical findings and failed plans alone. */
export function alarm(text: string): void {
  document.getElementById("alert")!.textContent = outward(text);
}
