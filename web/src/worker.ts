// The worker that owns the stream of events: one for all tabs, because a browser has few connections to a host.
import type { Hello } from "./api/types.ts";
import { eventNames, retries, type Told, type Wish } from "./api/stream.ts";

declare const self: SharedWorkerGlobalScope;

/** Of each tab what it wants to hear of. Tabs that are gone are found out when they cannot be told anything. */
const tabs = new Map<MessagePort, Set<string>>();

let source: EventSource | undefined;
let topics = "";
let last = "";
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** What a tab that comes later must be told: how the connection is, who serves it, and what came on it in the last seconds. */
let state: Told = { kind: "state", open: false, retry: null };
let hello: Told | undefined;
let lately: { at: number; told: Told }[] = [];
const latelyFor = 10_000; // ms, longer than a document takes to be read and run
const latelyMost = 500;

self.onconnect = (event) => {
  const port = event.ports[0]!;
  tabs.set(port, new Set());
  catchUp(port);
  port.onmessage = (message: MessageEvent<Wish | "bye" | "now">) => {
    if (message.data === "bye") tabs.delete(port);
    else if (message.data === "now") failures = 0;
    else tabs.set(port, new Set(message.data.topics));
    connect(message.data === "now");
  };
  port.start();
};

/** Has the connection carry what is wanted; another one is made when that has changed. */
function connect(again: boolean): void {
  const wanted = [...new Set([...tabs.values()].flatMap((topics) => [...topics]))].sort().join(",");
  if (!again && source && wanted === topics) return;
  topics = wanted;
  source?.close();
  source = undefined;
  clearTimeout(timer);
  if (tabs.size === 0) return;
  const to = new URL("../../api/v2/events", self.location.href);
  to.searchParams.set("topics", topics);
  if (last !== "") to.searchParams.set("after", last);
  const opened = new EventSource(to);
  source = opened;
  opened.onopen = () => {
    failures = 0;
    tell({ kind: "state", open: true, retry: null });
  };
  opened.onerror = () => {
    opened.close();
    const wait = retries[Math.min(failures++, retries.length - 1)]!;
    tell({ kind: "state", open: false, retry: wait });
    timer = setTimeout(() => connect(true), wait * 1000);
  };
  for (const name of eventNames) {
    opened.addEventListener(name, (event) => {
      const data = JSON.parse(event.data as string) as unknown;
      // Where the stream stood when it was opened: the next connection goes on from there if nothing has come on this one.
      if (name === "hello" && last === "") last = (data as Hello).revision;
      if (event.lastEventId !== "") last = event.lastEventId;
      tell({ kind: "event", name, id: event.lastEventId, data });
    });
  }
}

/**
 * Tells a tab that comes to a stream that flows already what others were told meanwhile: its document may be older than that.
 * What it knows already changes nothing.
 */
function catchUp(port: MessagePort): void {
  if (source?.readyState !== EventSource.OPEN) return;
  port.postMessage(state);
  if (hello) port.postMessage(hello);
  for (const { at, told } of lately) if (Date.now() - at < latelyFor) port.postMessage(told);
}

function keep(what: Told): void {
  if (what.kind === "state") state = what;
  else if (what.name === "hello") hello = what;
  else if (what.name !== "ping") lately = [...lately.slice(1 - latelyMost), { at: Date.now(), told: what }];
}

function tell(what: Told): void {
  keep(what);
  for (const port of tabs.keys()) port.postMessage(what);
}
