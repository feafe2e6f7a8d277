import type { DeviceMapping, ThrottleDevice } from '@tinydocker/shared/api/containers.js';
import { parseSize } from '@tinydocker/shared/units.js';

const isMode = (text: string): boolean => /^(?!.*(.).*\1)[rwm]{1,3}$/.test(text);

/** `--device /dev/a[:/dev/b][:rwm]`. @throws Error */
export function parseDevice(value: string): DeviceMapping {
  const parts = value.split(':');
  const [source = '', second, third] = parts;
  if (parts.length > 3 || parts.includes('')) throw new Error(`bad format for path: ${value}`);
  const secondIsMode = third === undefined && second !== undefined && isMode(second);
  const target = second === undefined || secondIsMode ? source : second;
  const mode = third ?? (secondIsMode ? second : undefined);
  if (mode !== undefined && !isMode(mode)) throw new Error(`bad mode specified: ${mode}`);
  if (!target.startsWith('/')) throw new Error(`${target} is not an absolute path`);
  return { PathOnHost: source, PathInContainer: target, CgroupPermissions: mode ?? 'rwm' };
}

/** `--device-cgroup-rule 'c 1:3 rwm'`. @throws Error */
export function checkDeviceRule(value: string): string {
  if (/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(value)) return value;
  throw new Error(`invalid device cgroup format '${value}'`);
}

/** The path of a device, and what is said of it. */
function devicePair(value: string): [path: string, value: string] {
  const colon = value.indexOf(':');
  if (colon < 0) throw new Error(`bad format: ${value}`);
  if (!value.startsWith('/dev/')) throw new Error(`bad format for device path: ${value}`);
  return [value.slice(0, colon), value.slice(colon + 1)];
}

const FORMAT = 'Number must be a positive integer';

/** `--device-read-bps /dev/sda:1mb`. @throws Error */
export function parseByteRate(value: string): ThrottleDevice {
  const [Path, rate] = devicePair(value);
  try {
    return { Path, Rate: parseSize(rate) };
  } catch {
    const format = `<device-path>:<number>[<unit>]. ${FORMAT}. Unit is optional and can be kb, mb, or gb`;
    throw new Error(`invalid rate for device: ${value}. The correct format is ${format}`);
  }
}

/** `--device-read-iops /dev/sda:1000`. @throws Error */
export function parseOperationRate(value: string): ThrottleDevice {
  const [Path, rate] = devicePair(value);
  if (/^\d+$/.test(rate)) return { Path, Rate: Number(rate) };
  throw new Error(`invalid rate for device: ${value}. The correct format is <device-path>:<number>. ${FORMAT}`);
}

/** `--blkio-weight-device /dev/sda:300`. @throws Error */
export function parseDeviceWeight(value: string): { Path: string; Weight: number } {
  const [Path, text] = devicePair(value);
  const Weight = Number(text);
  const valid = /^\d+$/.test(text) && (Weight === 0 || (Weight >= 10 && Weight <= 1000));
  if (!valid) throw new Error(`invalid weight for device: ${value}`);
  return { Path, Weight };
}
