/** What a registry asks of those whom it does not know. */
export interface Challenge {
  /** In lower case: `basic`, `bearer`; '' where there is none. */
  scheme: string;
  parameters: Record<string, string>;
}

/** The parameters of a WWW-Authenticate header (RFC 9110, 11.6.1): its first scheme, and what goes with it. */
export function parseChallenge(header: string): Challenge {
  const [, scheme = '', rest = ''] = /^\s*([A-Za-z]+)\s*(.*)$/.exec(header) ?? [];
  const parameters: Record<string, string> = {};
  for (const [, name, quoted, plain] of rest.matchAll(/([A-Za-z_]+)=(?:"([^"]*)"|([^\s,]+))/g)) {
    parameters[name!.toLowerCase()] = quoted ?? plain ?? '';
  }
  return { scheme: scheme.toLowerCase(), parameters };
}
