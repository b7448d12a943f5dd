import assert from "node:assert/strict";
import { test } from "node:test";
import { anonymous, disguised } from "../src/words/names.ts";

test("a text without names: each server by the same made-up name, and nothing else is touched", () => {
  const one = anonymous("db-1.example.com:3306");
  assert.match(one, /^instance-[0-9a-f]{4}:3306$/);
  for (const [text, want] of [
    ["db-1.example.com:3306 lags 900 s", `${one} lags 900 s`],
    [`${one} lags`, `${one} lags`],
    ["below db-1.example.com:3306, at 05:06:07.123", `below ${one}, at 05:06:07.123`],
    ["at binlog.000012:4711", "at binlog.000012:4711"],
    ["00000000-0000-0000-0000-000000000014:4711", "00000000-0000-0000-0000-000000000014:4711"],
    ["[2001:db8::7]:3307 answers", `${anonymous("[2001:db8::7]:3307")} answers`],
    ["서버-하나:3306", anonymous("서버-하나:3306")],
    ["db-7 is below nobody", `${anonymous("db-7:3306")} is below nobody`],
    ["12 of 14 servers are fine.", "12 of 14 servers are fine."],
  ] as const) assert.equal(disguised(text, new Map([["db-7", "db-7:3306"]])), want);
});
