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

/** A name that says nothing of a server, and always the same one. */
export function anonymous(key: string): string {
  let sum = 0x811c9dc5;
  for (const character of key) sum = Math.imul(sum ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  const port = key.slice(key.lastIndexOf(":") + 1);
  return `instance-${(sum & 0xffff).toString(16).padStart(4, "0")}:${port}`;
}

// What may be the name of a server: a word with dots and hyphens in it, or an address of IPv6; a port behind it.
const word = /\[[0-9a-f:.]+\]:\d+|[\p{L}\p{N}_](?:[\p{L}\p{N}_.-]*[\p{L}\p{N}_])?(?::\d+)?/giu;
const port = /:\d{4,5}$/;
const madeUp = /^instance-[0-9a-f]{4}:\d+$/;
const noServer = /^[0-9a-f]{8}-[0-9a-f]{4}-|\.\d{6}:/i; // a uuid with a transaction's number, a place in a binary log

/** A text without the names of servers: those that are known by what they are called, and all that looks like one with its port. */
export function disguised(text: string, called: ReadonlyMap<string, string>): string {
  return text.replace(word, (name) => {
    if (madeUp.test(name)) return name;
    const key = called.get(name);
    if (key) return anonymous(key);
    return port.test(name) && !noServer.test(name) ? anonymous(name) : name;
  });
}

/** The servers in a text: one per line, or apart by spaces, commas or semicolons; comments after # do not count. Each once. */
export function servers(text: string): string[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*/, ""));
  return [...new Set(lines.flatMap((line) => line.split(/[\s,;]+/)).map((word) => word.replace(/^(?:mysql|mariadb):\/\//i, "").replace(/^[^@\s]*@/, "").replace(/\/.*$/, "")).filter(Boolean))].slice(0, 200);
}
