// What is spoken to those who do not see the page; at most one message a second.

let timer: ReturnType<typeof setTimeout> | undefined;
let next = "";

/** Speaks when there is a pause. */
export function say(text: string): void {
  next = text;
  timer ??= setTimeout(() => {
    timer = undefined;
    document.getElementById("live")!.textContent = next;
  }, 1000);
}

/** Speaks at once. For critical findings and failed plans alone. */
export function alarm(text: string): void {
  document.getElementById("alert")!.textContent = text;
}
