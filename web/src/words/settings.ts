// What the settings of a cluster say by themselves; what a setting means there comes from the server.

export const settingText = {
  of: (node: string): string => `What is in force by the configuration of ${node}, by what people have switched and declared, and by how the servers are set.`,
  sources: { default: "default", file: "file", override: "switched", servers: "as the servers are" },
  place: (file: string, line: number): string => (line > 0 ? `${file}:${line}` : `${file}, which does not give it any more`),
  switchedBy: (by: string, reason: string): string => ["Switched off", by && ` by ${by}`, reason && `: ${reason}`].filter(Boolean).join(""),
  until: ", until ",
  explain: "Explain",
  byDefault: (value: string): string => `By default ${value}.`,
  counts: (reload: string): string => (reload === "yes" ? "A change counts at once." : reload === "partly" ? "A change counts partly at once." : "A change needs a restart."),
  inTheConfiguration: "In the configuration",
} as const;
