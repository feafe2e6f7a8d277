import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReadyMount } from './run-mounts.js';
import type { Session } from './session.js';

/** A here-document that names its own interpreter: the file, and how it is called. What is in it counts as the command. */
export function scriptCommand(session: Session, text: string): { args: string[]; mounts: ReadyMount[] } {
  const directory = session.fresh('script');
  const target = '/dev/pipes/EOF';
  mkdirSync(directory, { mode: 0o755 });
  writeFileSync(join(directory, 'EOF'), text, { mode: 0o755 });
  const mount = {
    type: 'bind' as const,
    target,
    env: undefined,
    source: '',
    from: undefined,
    readOnly: true,
    id: '',
    sharing: 'shared' as const,
    required: false,
    mode: undefined,
    uid: 0,
    gid: 0,
    size: undefined,
  };
  return { args: [target], mounts: [{ mount, image: undefined, key: ['script'], path: join(directory, 'EOF') }] };
}
