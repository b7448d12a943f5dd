// What the frame around all screens says.

/** The switch for all automatic recoveries. */
export const switchText = {
  name: "Auto-recovery",
  title: "Automatic recovery, all clusters",
  on: "on",
  off: "off",
  offUntil: (until: string): string => `off until ${until}`,
  cannotAct: "cannot act",
  isOn: "Automatic recovery is on.",
  isOff: "Automatic recovery is off everywhere.",
  turnOn: "Turn on",
  turnOff: "Turn automatic recovery off",
  turnOffEverywhere: "Turn automatic recovery off everywhere",
  means: (clusters: string): string => `Failures in all ${clusters} are still detected and reported, and nothing is repaired by itself until it is on again.`,
  goesOn: "Recoveries that run go on. Everything can still be done by hand. A banner says so on every page.",
  howLong: "For how long",
  why: "Why",
  noEnd: "until I turn it on",
  bannerUntil: (until: string): string => `Automatic recovery is off everywhere until ${until}.`,
  bannerWhy: (owner: string, reason: string): string => `${owner}: ${reason}. Failures are still detected and reported.`,
  banner: "Failures are still detected and reported.",
} as const;
