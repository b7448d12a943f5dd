// Names of servers as the tree shows them.
import { me } from "../model/me.ts";
import { serverCell } from "../model/cluster.ts";
import { naming } from "../model/naming.ts";
import { anonymous, short } from "../words/names.ts";

/** The name of a server as it is shown. */
export function name(key: string | undefined): string {
  if (!key) return "";
  if (naming.value === "anonymous") return anonymous(key);
  const alias = naming.value === "aliases" ? serverCell(key)?.value.alias : undefined;
  return alias || short(key, me.value?.strip);
}
