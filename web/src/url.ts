// Addresses. The document's base is the page's folder, whatever prefix a proxy has put before it; every address is made here.

/** An address of the page: the path below the page's folder, and what stands behind the question mark. */
export type Address = { path: string; query: URLSearchParams };

/** The absolute address of a path below the page's folder, as links have it. */
export function url(path: string, query?: Record<string, string | undefined>): string {
  const to = new URL(path, document.baseURI);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== "") to.searchParams.set(name, value);
  }
  return to.pathname + to.search;
}

/** The absolute address of a route of the API. */
export function api(path: string, query?: Record<string, string | undefined>): string {
  return url("../api/v2/" + path, query);
}

/** A text as one part of a path. */
export const part = encodeURIComponent;

/** Reads an address of the page; the parts of its path are still escaped. */
export function address(of: Location | URL): Address {
  const base = new URL(document.baseURI).pathname;
  const path = of.pathname.startsWith(base) ? of.pathname.slice(base.length) : of.pathname;
  return { path: path.replace(/\/+$/, ""), query: new URLSearchParams(of.search) };
}
