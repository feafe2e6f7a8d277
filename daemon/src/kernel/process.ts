import { readFileSync } from 'node:fs';
import { SystemError } from '@tinydocker/shared/errors.js';
import { checked, native } from './native.js';

/**
 * When a process started, in clock ticks since boot (field 22 of proc_pid_stat(5)); undefined where there is none.
 * Pid and start time together name a process for good: pids are used again.
 */
export function pidStartTime(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in parentheses and may itself hold anything.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return undefined;
  }
}

/** The parent of a process (field 4 of proc_pid_stat(5)); undefined where there is no such process. */
export function parentPid(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

/** A pidfd of exactly this process, to be closed; undefined when it is gone. */
export function openPid(pid: number, startTime: number): number | undefined {
  const pidfd = native.pidfdOpen(pid);
  if (pidfd < 0) return undefined;
  // Compared after the pidfd holds it: from here on the pid cannot come to mean another process.
  if (pidStartTime(pid) === startTime) return pidfd;
  native.close(pidfd);
  return undefined;
}

/** Sends a signal to exactly this process. Returns false when it is gone. */
export function signalPid(pid: number, startTime: number, signal: number): boolean {
  const pidfd = openPid(pid, startTime);
  if (pidfd === undefined) return false;
  try {
    checked(native.pidfdSendSignal(pidfd, signal), 'pidfd_send_signal');
    return true;
  } catch (error) {
    if (error instanceof SystemError && error.code === 'ESRCH') return false;
    throw error;
  } finally {
    native.close(pidfd);
  }
}

/** A sealed copy of a program in memory, to be spawned by its descriptor (CVE-2019-5736). */
export const sealedMemfd = (path: string): number => checked(native.sealedMemfd(path), 'memfd_create', path);
