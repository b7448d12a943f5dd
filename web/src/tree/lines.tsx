import type { JSX } from "preact";
import type { Server } from "../api/types.ts";
import { arc, channel, elbow, type Line } from "../layout/edges.ts";
import type { Detail } from "../layout/view.ts";
import { serverCell } from "../model/cluster.ts";
import { isHit } from "./found.ts";
import { type Scene } from "./scene.ts";

/** The state of the channel of a replica, as its line has it. */
export function lineClass(server: Server, source: Server | undefined, moved: boolean): string {
  const classes: string[] = [];
  const stopped = server.receiver === "stopped" || server.applier === "stopped" || server.receiver === "none";
  if (stopped) classes.push(server.downtime || server.maintenance ? "asleep" : "stopped");
  else if (server.problems.includes("replication_lag")) classes.push("lagging");
  else if (server.status === "run") classes.push("moving");
  if (source && source.site !== server.site) classes.push("far");
  if (moved) classes.push("planned");
  return classes.join(" ");
}

/** All lines, in one picture. Each last piece follows its own server. */
export function Lines({ of, detail }: { of: Scene; detail: Detail }): JSX.Element {
  const { boxes, width, height } = of.placed;
  const trunks: JSX.Element[] = [];
  const lasts: JSX.Element[] = [];
  for (const [id, children] of of.folded.children) {
    const from = boxes.get(id);
    if (!from) continue;
    for (const child of children) {
      const line = elbow(from, boxes.get(child)!);
      if (line.trunk) trunks.push(<path key={child} d={line.trunk} class="edge" />);
      lasts.push(<Last key={child} line={line} of={of} item={child} />);
    }
  }
  return (
    <svg class="edges" width={width} height={height} aria-hidden="true">
      {trunks}
      {lasts}
      {of.forest.parts.map((part) => part.kind === "ring" && <Ring key={part.roots[0]} of={of} roots={part.roots} />)}
      {[...of.folded.items.values()].map((item) => !item.many && <Channels key={item.id} of={of} id={item.id} />)}
      {detail === "dots" && [...of.folded.items.values()].map((item) => item.servers.map((key, n) => <FarDot key={key} of={of} id={item.id} server={key} n={n} many={item.many} />))}
    </svg>
  );
}

function Last({ line, of, item }: { line: Line; of: Scene; item: string }): JSX.Element {
  const card = of.folded.items.get(item)!;
  const keys = card.many ? card.servers : [item];
  const servers = keys.map((key) => serverCell(key)?.value).filter((one): one is Server => one !== undefined);
  const first = servers[0];
  const source = first ? of.servers.get(of.servers.get(first.key)?.source ?? "") : undefined;
  const classes = card.many ? (source && source.site !== first?.site ? "far" : "") : first ? lineClass(first, source, of.was.has(item)) : "";
  return (
    <>
      <path d={line.last} class={`edge ${classes}`} />
      <path d={line.tip} class={`tip ${classes}`} />
    </>
  );
}

/** The arrows of co-primaries, each to the next one, and from the last one back. */
function Ring({ of, roots }: { of: Scene; roots: string[] }): JSX.Element {
  return (
    <>
      {roots.map((root, n) => {
        const next = roots[(n + 1) % roots.length]!;
        const line = arc(of.placed.boxes.get(root)!, of.placed.boxes.get(next)!, n === roots.length - 1);
        const server = serverCell(next)?.value;
        const classes = server ? lineClass(server, of.servers.get(root), false) : "";
        return [<path key={root} d={line.last} class={`edge ${classes}`} />, <path key={root + "t"} d={line.tip} class={`tip ${classes}`} />];
      })}
    </>
  );
}

/** The further channels of a replica with several sources, thinner and with their names. */
function Channels({ of, id }: { of: Scene; id: string }): JSX.Element | null {
  const server = serverCell(id)?.value;
  const to = of.placed.boxes.get(id);
  if (!server?.channels?.length || !to) return null;
  return (
    <>
      {server.channels.map((one) => {
        const from = of.placed.boxes.get(of.folded.at.get(one.source) ?? "");
        if (!from || one.source === server.source) return null;
        const line = channel(from, to);
        const state = one.receiver === "running" && one.applier === "running" ? "" : "stopped";
        return (
          <g key={one.name} class="channel">
            <path d={line.last} class={`edge thin ${state}`} />
            <path d={line.tip} class={`tip ${state}`} />
            <text x={line.label.x} y={line.label.y}>
              {one.name}
            </text>
          </g>
        );
      })}
    </>
  );
}

/** A server from far away: its mark alone. */
function FarDot({ of, id, server, n, many }: { of: Scene; id: string; server: string; n: number; many: boolean }): JSX.Element {
  const box = of.placed.boxes.get(id)!;
  const status = serverCell(server)?.value.status ?? "stale";
  const size = many ? 7 : 30;
  const x = many ? box.x + (n % 29) * 7.5 : box.x + 8;
  const y = many ? box.y + Math.floor(n / 29) * 9 + 8 : box.y + box.h / 2 - size / 2;
  return <use href={`#s-${status}`} x={x} y={y} width={size} height={size} class={isHit(server) ? "m-hit" : status === "ok" ? "m-calm" : `m-${status}`} />;
}
