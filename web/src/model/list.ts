import { useEffect, useState } from "preact/hooks";
import { get, Refusal } from "../api/client.ts";
import { listen, want } from "../api/events.ts";
import type { Event, Problem } from "../api/types.ts";

/** A page of a list, as the API gives all of them. */
export type Page<T> = { items: T[]; next?: string; total: number };

export type List<T> = {
  items: T[] | null;
  total: number;
  problem: Problem | null;
  /** How many came since it was read. */
  fresh: number;
  more: (() => void) | null;
  reload: () => void;
};

/** As many rows as a page of the former version had. */
export const perPage = 20;
const most = 500;

/** Reads a list page by page. Old addresses name a page by its number: what stands before it is skipped. */
export function useList<T>(path: string, query: Record<string, string | undefined>, options: { skip?: number; topics?: string[]; news?: (name: string, event: Event) => boolean } = {}): List<T> {
  const [state, set] = useState<{ key: string; items: T[] | null; next: string | undefined; total: number; problem: Problem | null; fresh: number }>({
    key: "", items: null, next: undefined, total: 0, problem: null, fresh: 0,
  });
  const [round, again] = useState(0);
  const key = JSON.stringify([path, query, options.skip ?? 0]);

  const read = async (cursor: string | undefined, before: T[], signal?: AbortSignal): Promise<void> => {
    try {
      const page = await get<Page<T>>(path, { ...query, limit: "50", cursor }, signal);
      set((was) => ({ key, items: [...before, ...page.items], next: page.next, total: page.total, problem: null, fresh: cursor ? was.fresh : 0 }));
    } catch (error) {
      if (signal?.aborted) return;
      const problem: Problem = error instanceof Refusal ? error.problem : { type: "", title: "", status: 0, detail: String(error) };
      set((was) => ({ ...was, key, items: was.key === key ? was.items : null, problem }));
    }
  };

  useEffect(() => {
    const gone = new AbortController();
    void (async () => {
      let cursor: string | undefined;
      for (let left = options.skip ?? 0; left > 0; ) {
        const page = await get<Page<T>>(path, { ...query, limit: String(Math.min(left, most)), cursor }, gone.signal).catch(() => undefined);
        if (!page?.next) break;
        cursor = page.next;
        left -= page.items.length;
      }
      if (!gone.signal.aborted) await read(cursor, [], gone.signal);
    })();
    const unwanted = (options.topics ?? []).map(want);
    const unlisten = listen({
      reset: () => again((n) => n + 1),
      event: (name, event) => options.news?.(name, event) && set((was) => ({ ...was, fresh: was.fresh + 1 })),
    });
    return () => {
      gone.abort();
      unlisten();
      for (const drop of unwanted) drop();
    };
  }, [key, round]);

  const current = state.key === key;
  return {
    items: current ? state.items : null,
    total: current ? state.total : 0,
    problem: current ? state.problem : null,
    fresh: current ? state.fresh : 0,
    more: current && state.next ? () => void read(state.next, state.items ?? []) : null,
    reload: () => again((n) => n + 1),
  };
}
