import assert from "node:assert/strict";
import { test } from "node:test";
import { latest } from "../src/api/client.ts";

test("an answer that comes after that of a later reading is not taken", async () => {
  const answers: ((value: string) => void)[] = [];
  const taken: string[] = [];
  const read = latest(() => new Promise<string>((answer) => answers.push(answer)), (value) => taken.push(value));
  const all = [read(), read(), read()];
  answers[1]!("second");
  answers[0]!("first");
  answers[2]!("third");
  await Promise.all(all);
  assert.deepEqual(taken, ["second", "third"]);
});
