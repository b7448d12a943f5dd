// What discovering servers says by itself.
import { plural } from "./en.ts";

/** Discovering servers. */
export const discoverText = {
  forTheUserOfMysqltopologyuser: "For the user of MySQLTopologyUser, on one server of each cluster; replication carries it to the others.",
  copy: "Copy",
  onlyFor: (what: string): string => `Only where it is wanted: ${what}`,
  discoverServers: "Discover servers",
  nameOneServerPerCluster: "Name one server per cluster.",
  theRestIsFound: "The rest is found by itself: sources, replicas, group members. This only reads; nothing is changed on your servers.",
  serversOnePerLine: "Servers, one per line",
  showTheGrantsItNeeds: "Show the grants it needs",
  foundSoFar: "Found so far",
  isBeingAsked: "is being asked",
  beforeYouTrust: "Before you trust it",
  turnOn: "Turn on",
  look: "Look",
  lookAt: (what: string): string => `Look: ${what}`,
  example: "db1.example.net\ndb2.example.net:3307",
  several: (servers: number): string => `Discover ${plural(servers, "server")}`,
} as const;
