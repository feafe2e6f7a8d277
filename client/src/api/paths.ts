import { Failure } from '../errors.js';

/** The API's path of a container, by name or id. */
export function containerPath(name: string, rest = ''): string {
  const plain = name.replace(/^\//, '');
  if (plain.trim() === '') throw new Failure('invalid container name or ID: value is empty');
  return `/containers/${encodeURIComponent(plain)}${rest}`;
}

/** The API's path of a volume. */
export function volumePath(name: string): string {
  if (name.trim() === '') throw new Failure('invalid volume name: value is empty');
  return `/volumes/${encodeURIComponent(name)}`;
}

/** The API's path of a network, by name or id. */
export function networkPath(name: string, rest = ''): string {
  if (name.trim() === '') throw new Failure('invalid network name or ID: value is empty');
  return `/networks/${encodeURIComponent(name)}${rest}`;
}

/** The API's path of an image: its slashes, colons and at-signs stay. */
export function imagePath(name: string, rest = ''): string {
  if (name.trim() === '') throw new Failure('invalid image name: value is empty');
  return `/images/${encodeURIComponent(name).replace(/%(2F|3A|40)/g, decodeURIComponent)}${rest}`;
}
