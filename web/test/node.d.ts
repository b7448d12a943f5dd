// What the tests use of Node.

declare module "node:test" {
  export function test(name: string, body: () => void | Promise<void>): void;
}

declare module "node:assert/strict" {
  function assert(value: unknown, message?: string): asserts value;
  namespace assert {
    function equal(is: unknown, want: unknown, message?: string): void;
    function deepEqual(is: unknown, want: unknown, message?: string): void;
    function match(is: string, want: RegExp, message?: string): void;
  }
  export default assert;
}
