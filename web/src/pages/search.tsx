import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Server } from "../api/types.ts";
import { fleet } from "../model/fleet.ts";
import { useHeading } from "../model/heading.ts";
import { useList } from "../model/list.ts";
import { go, route } from "../model/route.ts";
import { hueOf } from "../model/sites.ts";
import { rowOf } from "../model/fleet.ts";
import { serverAddress } from "../palette/items.ts";
import { ListView } from "../ui/list.tsx";
import { Icon, Mark, Site } from "../ui/marks.tsx";
import { part, url } from "../url.ts";
import { count, span, statusWord } from "../words/en.ts";
import { searchText } from "../words/lists.ts";

/** What a text finds: clusters by their names, servers by everything the server knows. No text lists all servers. */
export function Search(): JSX.Element {
  const { path, query } = route.value;
  const text = (query.get("s") ?? decodeURIComponent(path.split("/")[1] ?? "")).trim();
  useHeading({ title: text === "" ? searchText.allServers : `Search: ${text}` });
  const [typed, type] = useState(text);
  const list = useList<Server>(text === "" ? "instances" : "search", text === "" ? {} : { q: text });
  const clusters = text === "" ? [] : (fleet.value?.clusters ?? []).filter((row) => [row.alias, row.name, row.domain ?? ""].some((name) => name.toLowerCase().includes(text.toLowerCase())));
  const aliasOf = (server: Server): string => rowOf(server.cluster)?.alias ?? server.cluster;
  return (
    <>
      <form class="search-in wide" role="search" onSubmit={(event) => (event.preventDefault(), go("search", { s: typed.trim() }))}>
        <Icon name="search" />
        <input type="text" data-filter value={typed} aria-label={searchText.search} placeholder={searchText.hostAliasClusterVersionUuid} onInput={(event) => type(event.currentTarget.value)} />
      </form>
      {clusters.length > 0 && (
        <section class="group" aria-label={searchText.clusters}>
          <h2>
            Clusters <span class="muted">{count(clusters.length)}</span>
          </h2>
          <div class="chips wide">
            {clusters.slice(0, 40).map((row) => (
              <a key={row.name} class="chip" href={url(`cluster/alias/${part(row.alias)}`)}>
                <Mark status={row.status} /> {row.alias}
              </a>
            ))}
          </div>
        </section>
      )}
      <ListView
        list={list} fields={[]} label={searchText.servers} thing="server" name={(row) => row.key}
        columns={[
          { name: "Status", text: (row) => statusWord[row.status], show: (row) => <><Mark status={row.status} label={false} /> {statusWord[row.status]}</> },
          { name: "Server", text: (row) => row.key, show: (row) => <a data-row href={serverAddress(aliasOf(row), row.key)}><code>{row.key}</code></a> },
          { name: "Cluster", text: aliasOf, show: (row) => <a href={url(`cluster/alias/${part(aliasOf(row))}`)}>{aliasOf(row)}</a> },
          { name: "Role", text: (row) => row.role, show: (row) => row.role },
          { name: searchText.inWords, class: "words", text: (row) => row.sentence, show: (row) => row.sentence },
          { name: "Lag", class: "num", text: (row) => row.lag_s, show: (row) => (row.role === "primary" ? "" : span(row.lag_s)) },
          { name: "Version", text: (row) => row.version, show: (row) => row.version },
          { name: "Site", text: (row) => row.site ?? "", show: (row) => row.site && <Site name={row.site} hue={hueOf.value(row.site)} /> },
          { name: "Tags", text: (row) => row.tags.join(" "), show: (row) => row.tags.map((tag) => <span key={tag} class="tag">{tag}</span>) },
        ]}
        empty={<p>{searchText.tryAHostAnAlias}</p>}
      />
    </>
  );
}
