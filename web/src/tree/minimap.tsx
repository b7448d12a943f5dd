import type { JSX } from "preact";
import { screenSize, panBy, view } from "./plane.ts";
import { scene } from "./scene.ts";

const wide = 160;

/** The whole tree in small, when it takes more than two screens. */
export function MiniMap(): JSX.Element | null {
  const { placed } = scene.value;
  const { x, y, zoom } = view.value;
  const screen = screenSize.value;
  const screens = (placed.width * placed.height * zoom * zoom) / Math.max(1, screen.width * screen.height);
  if (screens < 2) return null;
  const k = Math.min(wide / placed.width, 140 / placed.height);
  return (
    <svg
      class="minimap"
      width={placed.width * k}
      height={placed.height * k}
      viewBox={`0 0 ${placed.width} ${placed.height}`}
      aria-hidden="true"
      onPointerDown={(event) => {
        event.stopPropagation();
        const px = event.offsetX / k;
        const py = event.offsetY / k;
        panBy(screen.width / 2 - px * zoom - x, screen.height / 2 - py * zoom - y);
      }}
    >
      <Boxes />
      <rect class="mm-view" x={-x / zoom} y={-y / zoom} width={screen.width / zoom} height={screen.height / zoom} />
    </svg>
  );
}

/** The cards, drawn anew only when they stand elsewhere. */
function Boxes(): JSX.Element {
  const { boxes } = scene.value.placed;
  return <path class="mm-card" d={[...boxes.values()].map((box) => `M${box.x} ${box.y}h${box.w}v${box.h}h${-box.w}z`).join("")} />;
}
