import { useMemo, useRef, useState } from "preact/hooks";
import type { ClusterRow } from "../../api/types.ts";
import { type GroupName, held, type Order, type Places, placesOf } from "../../model/order.ts";

type Still = {
  groups: Record<GroupName, ClusterRow[]>;
  /** How many clusters would stand elsewhere by now. */
  changes: number;
  sortAgain: () => void;
  /** For the element around the rows: while somebody points into it or has the focus in it, nothing moves. */
  hold: { onPointerEnter: () => void; onPointerLeave: () => void; onFocusIn: () => void; onFocusOut: (event: FocusEvent) => void };
};

/** The clusters in their order, which never changes under the pointer: what changes is collected meanwhile. */
export function useStillOrder(rows: readonly ClusterRow[], by: Order): Still {
  const [holding, setHolding] = useState({ pointer: false, focus: false });
  const [, again] = useState(0);
  const shown = useRef<{ by: Order; places: Places }>({ by, places: [] });

  const now = useMemo(() => placesOf(rows, by), [rows, by]);
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

  const byName = new Map(rows.map((row) => [row.name, row]));
  const groups: Record<GroupName, ClusterRow[]> = { run: [], look: [], pause: [], ok: [] };
  for (const place of shown.current.places) groups[place.group].push(byName.get(place.name)!);
  return {
    groups,
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
