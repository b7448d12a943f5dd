import { useEffect, useRef, useState } from "preact/hooks";
import { get, Refusal } from "../api/client.ts";
import { listen, want } from "../api/events.ts";
import type { Event, Problem } from "../api/types.ts";

/** Something that the server knows, as the screen has it. What was read stays while it is read again. */
export type Resource<T> = { value: T | null; problem: Problem | null; reload: () => void; set: (value: T) => void };

export type Follow<T> = {
  /** Topics of the stream that are wanted meanwhile. */
  topics?: string[];
  /** What an event makes of it: another value, or "reload", or nothing. */
  on?: (name: string, event: Event, value: T | null) => T | "reload" | undefined;
};

const again = 300; // ms; events that come together cause one reading

/** Reads a resource, and keeps it. A path of null reads nothing. */
export function useResource<T>(path: string | null, query: Record<string, string | undefined> = {}, follow: Follow<T> = {}): Resource<T> {
  const [state, setState] = useState<{ key: string; value: T | null; problem: Problem | null }>({ key: "", value: null, problem: null });
  const key = path === null ? "" : path + "?" + new URLSearchParams(Object.entries(query).filter((one): one is [string, string] => !!one[1])).toString();
  const now = useRef({ follow, value: null as T | null, reload: () => undefined as void });
  now.current.follow = follow;
  now.current.value = state.key === key ? state.value : null;

  useEffect(() => {
    if (path === null) return;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = (): void => {
      get<T>(path, query, gone.signal).then(
        (value) => gone.signal.aborted || setState({ key, value, problem: null }),
        (error: unknown) => {
          if (gone.signal.aborted) return;
          const problem: Problem = error instanceof Refusal ? error.problem : { type: "", title: "", status: 0, detail: String(error) };
          setState((was) => ({ key, value: was.key === key ? was.value : null, problem }));
        },
      );
    };
    const soon = (): void => {
      timer ??= setTimeout(() => {
        timer = undefined;
        read();
      }, again);
    };
    now.current.reload = read;
    read();
    const unwanted = (now.current.follow.topics ?? []).map(want);
    const unlisten = listen({
      reset: read,
      event: (name, event) => {
        const made = now.current.follow.on?.(name, event, now.current.value);
        if (made === "reload") soon();
        else if (made !== undefined) setState({ key, value: made, problem: null });
      },
    });
    return () => {
      gone.abort();
      clearTimeout(timer);
      unlisten();
      for (const drop of unwanted) drop();
    };
  }, [key, (follow.topics ?? []).join(",")]);

  const current = state.key === key;
  return {
    value: current ? state.value : null,
    problem: current ? state.problem : null,
    reload: () => now.current.reload(),
    set: (value) => setState({ key, value, problem: null }),
  };
}
