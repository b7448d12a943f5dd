// What the platform has and TypeScript's library does not describe yet.

interface TrustedTypePolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(address: string): string }): { createScriptURL(address: string): unknown };
}

interface Window {
  readonly trustedTypes?: TrustedTypePolicyFactory;
}
