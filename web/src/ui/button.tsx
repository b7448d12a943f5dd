import type { ComponentChildren, JSX } from "preact";
import { Icon } from "./marks.tsx";

type Props = {
  /** What it looks like: "primary", "ghost", "icon", "danger". */
  kind?: string;
  icon?: string;
  /** What it does, in words, where nothing visible says it. */
  label?: string;
  disabled?: boolean;
  onClick: () => void;
  children?: ComponentChildren;
};

export const Button = ({ kind = "", icon, label, disabled = false, onClick, children }: Props): JSX.Element => (
  <button type="button" class={`btn ${kind}`} aria-label={label} disabled={disabled} onClick={onClick}>
    {icon && <Icon name={icon} />}
    {children !== undefined && <span>{children}</span>}
  </button>
);
