import { hidden, int, text } from '../../flags/types.js';

/** How a container is asked to end, and how long it may take: the same for stop and restart. */
export const stopFlags = {
  signal: text('Signal to send to the container', 's'),
  time: hidden(int('Seconds to wait before killing the container')),
  timeout: int('Seconds to wait before killing the container', 't'),
};

export const stopQuery = (flags: { signal?: string; time?: number; timeout?: number }) => ({
  signal: flags.signal,
  t: flags.timeout ?? flags.time,
});
