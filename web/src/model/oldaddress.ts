// What the addresses of former versions say: which cluster or server a list is about, and which of its pages.

export type ListAddress = { cluster: string; instance: string; id: string; page: number };

/** Reads audit-recovery[/:page], …/cluster/:name[/:page], …/alias/:alias[/:page], …/instance/:host/:port[/:page], …/id/:id. */
export function listAddress(path: string): ListAddress {
  const [, kind = "", ...rest] = path.split("/").map(decode);
  const page = (text: string | undefined): number => (text && /^\d+$/.test(text) ? Number(text) : 0);
  const is: ListAddress = { cluster: "", instance: "", id: "", page: 0 };
  if (/^\d+$/.test(kind)) return { ...is, page: Number(kind) };
  switch (kind) {
    case "cluster":
    case "alias":
      return { ...is, cluster: rest[0] ?? "", page: page(rest[1]) };
    case "instance":
      return rest[1] === undefined ? is : { ...is, instance: `${rest[0]!.includes(":") ? `[${rest[0]}]` : rest[0]}:${rest[1]}`, page: page(rest[2]) };
    case "id":
      return { ...is, id: rest[0] ?? "" };
  }
  return is;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
