import type { Recovery, Step } from "../api/types.ts";
import type { Status } from "./en.ts";

export const stepWord: Record<Step["state"], string> = { waiting: "waits", running: "runs", done: "done", failed: "failed", skipped: "left out", undone: "taken back" };

export const recoveryStatus: Record<Recovery["state"], Status> = { running: "run", succeeded: "ok", failed: "crit" };
export const recoveryWord: Record<Recovery["state"], string> = { running: "running", succeeded: "succeeded", failed: "failed" };
