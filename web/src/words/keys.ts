// What the list of keys says.

/** The list of keys. */
export const keysText = {
  searchRunACommand: "search, run a command",
  walkThroughRows: "walk through rows or the tree",
  inTheTree: "in the tree: to the source, to the replicas",
  chooseOrFlip: "choose the server as well; while a plan is open, now and then",
  atAServerMovePromote: "at a server: move, promote, downtime, tags",
  moveAllReplicas: "at a server: move all replicas of it",
  flipNowAndThen: "select too; held while a plan is open: the tree as it is now",
  explainWhatWouldHappen: "explain what would happen",
  undoYourLastChange: "undo your last change",
  findInTheTree: "find in the tree",
  foldTheSideBar: "fold the side bar",
  hideThePanel: "hide the panel",
  closeTheTopmostThing: "close the topmost thing",
  thisList: "this list",
  keyboard: "Keyboard",
  noKeyChanges: "No key changes anything by itself: a plan is shown first. Single letters can be turned off in the preferences.",
  goTo: (screen: string): string => `go to ${screen}`,
} as const;
