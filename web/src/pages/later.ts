// The screens that are not needed at first: one file for all of them, loaded when the first one is opened.
export { About } from "./about.tsx";
export { Audit } from "./audit.tsx";
export { Configuration } from "./config/page.tsx";
export { Detections } from "./detections.tsx";
export { Discover } from "./discover.tsx";
export { GameDayPage } from "./gameday.tsx";
export { Managers } from "./managers/page.tsx";
export { MePage } from "./me.tsx";
export { Agents, Missing } from "./missing.tsx";
export { Problems } from "./problems.tsx";
export { Publishing } from "./publishing.tsx";
export { Recoveries } from "./recoveries.tsx";
export { RecoveryPage } from "./recovery.tsx";
export { Search } from "./search.tsx";
