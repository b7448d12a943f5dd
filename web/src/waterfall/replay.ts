import { useEffect, useState } from "preact/hooks";

const speed = 0.2;

/** Plays a recovery once more, in slow motion: head is how far it is, in milliseconds; null while it is not played. */
export function useReplay(end: number): { head: number | null; replay: () => void } {
  const [began, begin] = useState<number | null>(null);
  const [head, setHead] = useState<number | null>(null);
  useEffect(() => {
    if (began === null) return;
    let frame = 0;
    // A recovery of minutes is not watched for minutes: ten seconds are enough for anything.
    const pace = Math.max(speed, end / 10_000);
    const tick = (now: number): void => {
      const at = (now - began) * pace;
      if (at >= end) {
        setHead(null);
        begin(null);
        return;
      }
      setHead(Math.max(0, at));
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, [began]);
  return { head, replay: () => begin(performance.now()) };
}
