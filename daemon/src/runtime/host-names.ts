import { readFileSync, statSync } from 'node:fs';

/** Names of a file like /etc/passwd by number, read again when it has changed. */
class NameFile {
  readonly #path: string;
  #stamp = '';
  #names = new Map<number, string>();

  constructor(path: string) {
    this.#path = path;
  }

  /** The name of a number, or the number. */
  name(id: number): string {
    const stat = statSync(this.#path, { throwIfNoEntry: false });
    const stamp = stat ? `${stat.ino} ${stat.mtimeMs} ${stat.size}` : '';
    if (stamp !== this.#stamp) {
      this.#stamp = stamp;
      this.#names = stat ? parseNames(readFileSync(this.#path, 'utf8')) : new Map();
    }
    return this.#names.get(id) ?? String(id);
  }
}

/** `name:password:number:...`; the first of a number counts. */
export function parseNames(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name = '', , id = ''] = line.split(':');
    if (name !== '' && /^\d+$/.test(id) && !names.has(Number(id))) names.set(Number(id), name);
  }
  return names;
}

const users = new NameFile('/etc/passwd');
const groups = new NameFile('/etc/group');

/** The host's names, as ps shows them: those of the container are its own affair. */
export const userName = (uid: number): string => users.name(uid);
export const groupName = (gid: number): string => groups.name(gid);
