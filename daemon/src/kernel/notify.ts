import { checked, native } from './native.js';

/** Tells the service manager (sd_notify(3)): "READY=1", "STOPPING=1", ... Does nothing without one. */
export function sdNotify(state: string): void {
  const path = process.env.NOTIFY_SOCKET;
  if (path) checked(native.notify(path, state), 'sd_notify', path);
}

/** The listening sockets that the service manager passed (sd_listen_fds(3)). */
export function listenFds(): number[] {
  if (Number(process.env.LISTEN_PID) !== process.pid) return [];
  return Array.from({ length: Number(process.env.LISTEN_FDS ?? 0) }, (_, i) => 3 + i);
}
