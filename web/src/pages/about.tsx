import type { JSX } from "preact";
import { KeyTable } from "../frame/keys.tsx";
import { useHeading } from "../model/heading.ts";
import { me } from "../model/me.ts";
import { route } from "../model/route.ts";
import { customised } from "../model/custom.ts";
import { api, url } from "../url.ts";
import { text } from "../words/en.ts";
import { aboutText } from "../words/about.ts";

/** What this is, and where to read more. Also the old addresses home, faq and keep-calm. */
export function About(): JSX.Element {
  const calm = route.value.path === "keep-calm";
  useHeading({ title: calm ? aboutText.keepCalm : "About" });
  if (calm) {
    return (
      <div class="hero calm">
        <p class="big">{aboutText.keepCalmSlogan}</p>
        <p>
          <a class="link" href={url("clusters")}>
            {aboutText.everythingThatIsKnown}
          </a>
        </p>
      </div>
    );
  }
  return (
    <>
      <div class="hero">
        <p class="big">orchestrator {me.value?.version ?? text.unknown}</p>
        <p>{aboutText.itKeepsMysqlAndMariadb}</p>
        <p>{aboutText.thisPageComes} {me.value?.node ?? text.unknown}. {customised.value && aboutText.theInstallationHasAdded}</p>
        <p>
          {aboutText.everythingThatThePageDoes}{" "}
          <a class="link" href={api("openapi.json")} target="_blank" rel="noopener">
            API
          </a>
          {aboutText.commandLine}{" "}
          <code>orchestrator -c help</code>.
        </p>
      </div>
      <section class="sheet two">
        <div>
          <h2>{aboutText.questionsThatComeFirst}</h2>
          <dl class="faq">
            <dt>{aboutText.whatKindsOfReplicationDoes}</dt>
            <dd>{aboutText.kindsAnswer}</dd>
            <dt>{aboutText.whatDoesItNeed}</dt>
            <dd>
              {aboutText.aUserThatMayLook} <a class="link" href={url("discover")}>{aboutText.theGrants}</a> {aboutText.areListedWhereServersAre}
            </dd>
            <dt>{aboutText.whyWasNothingFailedOver}</dt>
            <dd>{aboutText.eachClusterSaysByItself}</dd>
            <dt>{aboutText.canIScriptWhatI}</dt>
            <dd>{aboutText.eachPlanShowsTheSame}</dd>
          </dl>
        </div>
        <div>
          <h2>{aboutText.keyboard}</h2>
          <KeyTable />
        </div>
      </section>
      <section class="sheet">
        <h2>{aboutText.licences}</h2>
        <p>{aboutText.orchestratorIsUnderTheApache}</p>
      </section>
    </>
  );
}
