import { parseDuration } from '@tinydocker/shared/units.js';

/** A time for the API: a duration means "that long ago"; anything else goes as it is. */
export function since(text: string): string {
  try {
    return String(Date.now() / 1000 - parseDuration(text) / 1e9);
  } catch {
    return text;
  }
}
