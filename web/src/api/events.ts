import { effect, signal } from "@preact/signals";
import { boot } from "./boot.ts";
import { url } from "../url.ts";
import { noteTime } from "./client.ts";
import type { Told, Wish } from "./stream.ts";
import type { Event, Hello, Ping, Reset } from "./types.ts";

/** How the stream of events is. */
export type Connection = { open: boolean; retry: number | null; node: string; role: string; leader: string; version: string; heard: number };

export const connection = signal<Connection>({ open: false, retry: null, node: "", role: "", leader: "", version: "", heard: Date.now() });

/** What wants to hear of the stream. An event is told once, in the order of the server. */
export type Listener = { event?: (name: string, event: Event) => void; reset?: () => void };

const listeners = new Set<Listener>();

export function listen(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Topics that are wanted at the moment, with how often. */
const wanted = signal<ReadonlyMap<string, number>>(new Map([["fleet", 1]]));

/** Wants to hear of a topic until the returned function is called. */
export function want(topic: string): () => void {
  count(topic, 1);
  return () => count(topic, -1);
}

function count(topic: string, by: number): void {
  const next = new Map(wanted.peek());
  const n = (next.get(topic) ?? 0) + by;
  if (n > 0) next.set(topic, n);
  else next.delete(topic);
  wanted.value = next;
}

let port: MessagePort | undefined;

/** Connects this tab to the stream. */
export function start(): void {
  // The one place where an address becomes a script: the policy of the page asks for a word about it.
  const trusted = window.trustedTypes?.createPolicy("worker", { createScriptURL: (address) => address });
  const address = url(boot.worker);
  const script = (trusted?.createScriptURL(address) ?? address) as string;
  port = new SharedWorker(script, { type: "module", name: "orchestrator" }).port;
  port.onmessage = (message: MessageEvent<Told>) => heard(message.data);
  port.start();
  addEventListener("pagehide", () => port?.postMessage("bye"));
  addEventListener("pageshow", () => ask());
  document.addEventListener("visibilitychange", () => {
    ask();
    if (!document.hidden) for (const listener of listeners) listener.reset?.(); // of what it shows, it has heard nothing meanwhile
  });
  effect(ask);
}

/** Tries to connect at once. */
export const tryNow = (): void => port?.postMessage("now");

/** A tab that nobody sees hears of the fleet alone. */
function ask(): void {
  const topics = document.hidden ? ["fleet"] : [...wanted.value.keys()];
  port?.postMessage({ topics } satisfies Wish);
}

function heard(told: Told): void {
  const is = connection.peek();
  if (told.kind === "state") {
    connection.value = { ...is, open: told.open, retry: told.retry, heard: told.open ? Date.now() : is.heard };
    return;
  }
  let { node, role, leader, version } = is;
  switch (told.name) {
    case "hello":
      ({ node, role, version } = told.data as Hello);
      noteTime((told.data as Hello).time);
      break;
    case "ping":
      ({ role, leader } = told.data as Ping);
      noteTime((told.data as Ping).time);
      break;
    case "reset":
      void (told.data as Reset);
      for (const listener of listeners) listener.reset?.();
      break;
    default:
      for (const listener of listeners) listener.event?.(told.name, told.data as Event);
  }
  connection.value = { open: true, retry: null, node, role, leader, version, heard: Date.now() };
}
