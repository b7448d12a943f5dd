// What all lists and copying say.

/** What all lists have. */
export const listText = {
  theBrowserRefuses: "the browser refuses",
  all: "All",
  copyAsCsv: "Copy as CSV",
  noFitsTheFilter: (thing: string | number): string => `No ${thing} fits the filter.`,
  more: "More",
  of: (items: string | number, total: string | number): string => `${items} of ${total}`,
  notCopied: (why: string): string => `It could not be copied: ${why}`,
} as const;
