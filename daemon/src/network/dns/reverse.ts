import { formatAddress } from '../address.js';

const IPV4 = '.in-addr.arpa';
const IPV6 = '.ip6.arpa';

/** The address that a name of the reverse tree stands for, as it is written elsewhere; undefined where it is none. */
export function reverseAddress(name: string): string | undefined {
  if (name.endsWith(IPV4)) {
    const bytes = name.slice(0, -IPV4.length).split('.').reverse();
    const valid = bytes.length === 4 && bytes.every((byte) => /^(0|[1-9]\d{0,2})$/.test(byte) && Number(byte) < 256);
    return valid ? bytes.join('.') : undefined;
  }
  if (!name.endsWith(IPV6)) return undefined;
  const digits = name.slice(0, -IPV6.length).split('.').reverse();
  if (digits.length !== 32 || !digits.every((digit) => /^[0-9a-f]$/.test(digit))) return undefined;
  return formatAddress(6, BigInt(`0x${digits.join('')}`));
}
