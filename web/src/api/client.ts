import { signal } from "@preact/signals";
import { api } from "../url.ts";
import type { Problem } from "./types.ts";
import { problemText } from "../words/en.ts";

/** Why a request was not fulfilled, in the server's words. */
export class Refusal extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
    this.name = "Refusal";
  }
}

/** How far this machine's clock is behind the server's, in milliseconds. Ages are computed from the server's time. */
export const skew = signal(0);

/** The server's time. */
export const now = (): number => Date.now() + skew.value;

/** Notes the server's time, as an answer or an event has told it. */
export function noteTime(time: string | null): void {
  const at = time === null ? NaN : Date.parse(time);
  if (!Number.isNaN(at)) skew.value = at - Date.now();
}

type Query = Record<string, string | undefined>;

const kept = new Map<string, { tag: string; value: unknown }>();
const keptAtMost = 64;

/** Reads a resource. What has not changed since it was read last is not sent again. */
export async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const address = api(path, query);
  const known = kept.get(address);
  const headers: HeadersInit = known ? { "If-None-Match": known.tag } : {};
  const answer = await request(address, { headers, signal: signal ?? null });
  if (answer.status === 304 && known) return known.value as T;
  const value = (await read(answer)) as T;
  const tag = answer.headers.get("ETag");
  if (tag !== null) {
    kept.delete(address);
    kept.set(address, { tag, value });
    if (kept.size > keptAtMost) kept.delete(kept.keys().next().value!);
  }
  return value;
}

/** Reads the same thing again and again, and takes what it is; an answer that comes after that of a later reading is older, and not taken. */
export function latest<T>(read: () => Promise<T>, take: (value: T) => void): () => Promise<void> {
  let begun = 0;
  let taken = 0;
  return async () => {
    const mine = ++begun;
    const value = await read();
    if (mine < taken) return;
    taken = mine;
    take(value);
  };
}

/** Changes something, or has a plan made. */
export async function send<T>(method: "POST" | "PUT" | "DELETE", path: string, body?: unknown, query?: Query): Promise<T> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  return (await read(await request(api(path, query), init))) as T;
}

async function request(address: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(address, { ...init, credentials: "same-origin", redirect: "error" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Refusal({ type: "", title: problemText.noAnswer, status: 0, detail: problemText.doesNotAnswer(String((error as Error).message)) });
  }
  noteTime(answer.headers.get("Orchestrator-Time"));
  return answer;
}

/** The value of an answer; what is no success is thrown, also when it does not say why in the form that is agreed. */
async function read(answer: Response): Promise<unknown> {
  const text = await answer.text();
  if (answer.ok) return text === "" ? undefined : JSON.parse(text);
  let problem: Partial<Problem> = {};
  try {
    problem = JSON.parse(text) as Partial<Problem>;
  } catch {
    problem = { detail: text.trim() };
  }
  throw new Refusal({
    ...problem,
    type: problem.type ?? "",
    title: problem.title ?? answer.statusText,
    status: answer.status,
    detail: problem.detail || `${answer.status} ${answer.statusText}`,
  });
}
