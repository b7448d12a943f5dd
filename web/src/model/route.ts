import { signal } from "@preact/signals";
import { address, type Address, url } from "../url.ts";

/** Where the page is. Everything that can be seen is in the address, so that it can be sent to somebody. */
export const route = signal<Address>(address(location));

/** Goes to another address of the page, without loading it anew. */
export function go(path: string, query?: Record<string, string | undefined>, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", url(path, query));
  route.value = address(location);
}

/** Changes what stands behind the question mark; undefined takes a word out. */
export function amend(changes: Record<string, string | undefined>, replace = true): void {
  const query = Object.fromEntries(route.peek().query);
  go(route.peek().path, { ...query, ...changes }, replace);
}

/** Goes to an address that url() has made. */
export function followAddress(to: string): void {
  history.pushState(null, "", to);
  route.value = address(location);
}

/** Has links of the page followed without loading it anew, and the buttons of the browser work. */
export function followLinks(): void {
  addEventListener("popstate", () => (route.value = address(location)));
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest?.("a");
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(new URL(document.baseURI).pathname) || link.pathname.includes("/static/")) return;
    if (link.pathname === location.pathname && link.hash) return;
    event.preventDefault();
    followAddress(link.href);
  });
}
