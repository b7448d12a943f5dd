// Names of servers as the page writes them.

/** host:port without the port that goes without saying, and without what RemoveTextFromHostnameDisplay takes away. */
export function short(key: string, strip: string | undefined, defaultPort = "3306"): string {
  const colon = key.lastIndexOf(":");
  let host = colon < 0 ? key : key.slice(0, colon);
  const port = colon < 0 ? "" : key.slice(colon + 1);
  if (strip) host = host.replaceAll(strip, "");
  return port === "" || port === defaultPort ? host : `${host}:${port}`;
}

/** A long name with its middle left out: the first eight and the last ten characters stay. */
export function middle(name: string, longest = 24): string {
  const characters = [...name];
  return characters.length <= longest ? name : characters.slice(0, 8).join("") + "…" + characters.slice(-10).join("");
}

/** The servers in a text: one per line, or apart by spaces, commas or semicolons; comments after # do not count. Each once. */
export function servers(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*/, ""));
  return [...new Set(lines.flatMap((line) => line.split(/[\s,;]+/)).map((word) => word.replace(/^(?:mysql|mariadb):\/\//i, "").replace(/^[^@\s]*@/, "").replace(/\/.*$/, "")).filter(Boolean))].slice(0, 200);
}
