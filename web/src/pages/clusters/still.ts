import { useMemo, useRef, useState } from "preact/hooks";
import type { ClusterRow } from "../../api/types.ts";
import { type GroupName, held, type Order, type Places, placesOf } from "../../model/order.ts";

/** For the element around the rows: while somebody points into it or has the focus in it, nothing moves. */
export type Hold = { onPointerEnter: () => void; onPointerLeave: () => void; onFocusIn: () => void; onFocusOut: (event: FocusEvent) => void };

type StillPlaces = {
  places: Places;
  /** How many clusters would stand elsewhere by now. */
  changes: number;
  sortAgain: () => void;
  hold: Hold;
};

/**
 * Places that never change under the pointer: what changes is collected meanwhile. Another order, which somebody has asked for,
 * is shown at once; by is its name.
 */
export function useStillPlaces(now: Places, by: string): StillPlaces {
  const [holding, setHolding] = useState({ pointer: false, focus: false });
  const [, again] = useState(0);
  const shown = useRef<{ by: string; places: Places }>({ by, places: [] });
  let changes = 0;
  if ((holding.pointer || holding.focus) && shown.current.by === by) {
    const still = held(shown.current.places, now);
    // A recovery that begins or ends is no matter of order: it is shown at once.
    const urgent = new Set(now.filter((place) => place.group === "run").map((place) => place.name));
    const was = new Set(still.places.filter((place) => place.group === "run").map((place) => place.name));
    if ([...urgent].every((name) => was.has(name)) && urgent.size === was.size) {
      shown.current = { by, places: still.places };
      changes = still.changes;
    } else shown.current = { by, places: now };
  } else shown.current = { by, places: now };
  return {
    places: shown.current.places,
    changes,
    sortAgain: () => {
      shown.current = { by, places: now };
      setHolding({ pointer: false, focus: false });
      again((n) => n + 1);
    },
    hold: {
      onPointerEnter: () => setHolding((is) => ({ ...is, pointer: true })),
      onPointerLeave: () => setHolding((is) => ({ ...is, pointer: false })),
      onFocusIn: () => setHolding((is) => ({ ...is, focus: true })),
      onFocusOut: (event) => {
        const to = event.relatedTarget;
        if (!(to instanceof Node) || !(event.currentTarget as Node).contains(to)) setHolding((is) => ({ ...is, focus: false }));
      },
    },
  };
}

/** The clusters in their groups and their order, which never changes under the pointer. */
export function useStillOrder(rows: readonly ClusterRow[], by: Order): Omit<StillPlaces, "places"> & { groups: Record<GroupName, ClusterRow[]> } {
  const now = useMemo(() => placesOf(rows, by), [rows, by]);
  const { places, ...still } = useStillPlaces(now, by);
  const byName = new Map(rows.map((row) => [row.name, row]));
  const groups: Record<GroupName, ClusterRow[]> = { run: [], look: [], pause: [], ok: [] };
  for (const place of places) groups[place.group].push(byName.get(place.name)!);
  return { groups, ...still };
}

/** Rows of a table as they are sorted, in an order which never changes under the pointer. */
export function useStillRows(sorted: readonly ClusterRow[], by: string): Omit<StillPlaces, "places"> & { rows: ClusterRow[] } {
  const now = useMemo((): Places => sorted.map((row) => ({ group: "ok", name: row.name })), [sorted]);
  const { places, ...still } = useStillPlaces(now, by);
  const byName = new Map(sorted.map((row) => [row.name, row]));
  return { rows: places.map((place) => byName.get(place.name)!), ...still };
}
