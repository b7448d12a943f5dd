import type { JSX } from "preact";

/** A text of the documentation: what stands between backticks is code. */
export const Prose = ({ text }: { text: string }): JSX.Element => <>{text.split("`").map((part, n) => (n % 2 === 1 ? <code key={n}>{part}</code> : part))}</>;
