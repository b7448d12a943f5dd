import type { JSX } from "preact";
import { heading } from "../model/heading.ts";
import { prefer, theme } from "../model/preferences.ts";
import { openPalette } from "../palette/state.ts";
import { Button } from "../ui/button.tsx";
import { Icon, Mark } from "../ui/marks.tsx";
import { url } from "../url.ts";
import { AutoRecovery } from "./auto.tsx";
import { UserMenu } from "./user.tsx";
import { frameText } from "../words/frame.ts";

export function Top(): JSX.Element {
  const dark = theme() === "dark";
  return (
    <header class="top">
      <a class="brand only-phone" href={url("clusters")} aria-label={frameText.orchestratorStart}>
        <Icon name="logo" class="logo" />
      </a>
      <Crumbs />
      <button type="button" class="searchbox" aria-label={frameText.searchOrRunACommand} onClick={() => openPalette()}>
        <Icon name="search" />
        <span class="grow">{frameText.searchServersClustersActions}</span>
        <span class="kbds">
          <kbd>Ctrl</kbd>
          <kbd>K</kbd>
        </span>
      </button>
      <div class="tools">
        <AutoRecovery />
        <Button kind="icon" icon="moon" label={dark ? frameText.lightTheme : frameText.darkTheme} onClick={() => prefer({ theme: dark ? "light" : "dark" })} />
        <UserMenu />
      </div>
    </header>
  );
}

function Crumbs(): JSX.Element {
  const { title, status, trail = [], note } = heading.value;
  return (
    <div class="crumbs">
      {trail.map((step) => (
        <>
          <a key={step.path} href={url(step.path)}>
            {step.name}
          </a>
          <Icon name="chev" />
        </>
      ))}
      <h1>
        {status && <Mark status={status} />}
        <span class="nl" title={title}>{title}</span>
      </h1>
      {note && (
        <span class="muted hide-phone" title={note}>
          {note}
        </span>
      )}
    </div>
  );
}
