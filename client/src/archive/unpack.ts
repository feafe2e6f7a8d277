import {
  chmodSync,
  closeSync,
  fchmodSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { Failure } from '../errors.js';
import type { TarHeader, TarSink } from './tar-reader.js';

export interface UnpackOptions {
  /** The name that an entry is to have here; by default its own. */
  rename?: (name: string) => string;
  /** setuid and setgid bits are kept: they would give whoever runs the file the rights of whoever copies it. */
  keepSetuid?: boolean;
  /** Told of what cannot be made here. */
  skipped?: (name: string) => void;
}

/**
 * Writes the entries of an archive that nobody vouches for below a directory: no name leads out of it, and nothing is written through
 * a link, whether it came with the archive or was there before.
 */
export class Unpacker {
  readonly #root: string;
  readonly #options: UnpackOptions;
  /** Directories below the root that are known to be directories. */
  readonly #known = new Set<string>(['']);
  /** Times are set at the end, since what is put into a directory changes them; modes too, since they may forbid that. */
  readonly #directories: { path: string; mode: number; mtime: number }[] = [];

  constructor(root: string, options: UnpackOptions = {}) {
    this.#root = root;
    this.#options = options;
  }

  /** Makes one entry; a file's data goes to what is returned. @throws Failure, Error */
  entry(header: TarHeader): TarSink | undefined {
    const name = this.#clean(header.name);
    if (name === '') return undefined; // the directory itself, which is there
    const slash = name.lastIndexOf('/');
    this.#parent(slash < 0 ? '' : name.slice(0, slash));
    this.#makeRoom(name, header);
    const path = `${this.#root}/${name}`;
    switch (header.type) {
      case '0':
        return this.#file(path, header);
      case '1':
        linkSync(`${this.#root}/${this.#linked(header)}`, path);
        return undefined;
      case '2':
        symlinkSync(header.link, path);
        lutimesSync(path, header.mtime, header.mtime);
        return undefined;
      case '5':
        return this.#directory(name, path, header);
      default:
        this.#options.skipped?.(name);
        return undefined;
    }
  }

  /** When all entries are made. */
  end(): void {
    for (const { path, mode, mtime } of this.#directories.reverse()) {
      // It may be gone, by someone else's hand.
      if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) continue;
      chmodSync(path, mode);
      utimesSync(path, mtime, mtime);
    }
  }

  /** A name as a path below the root: no empty component, no `.`, and no `..` at all. */
  #clean(given: string): string {
    const { rename = (name: string) => name } = this.#options;
    const parts = rename(given)
      .split('/')
      .filter((part) => part !== '' && part !== '.');
    if (parts.includes('..') || given.includes('\0')) throw new Failure(`invalid entry name ${JSON.stringify(given)}`);
    return parts.join('/');
  }

  /** Makes sure that every component of a path is a directory and no link. */
  #parent(path: string): void {
    if (this.#known.has(path)) return;
    const slash = path.lastIndexOf('/');
    this.#parent(slash < 0 ? '' : path.slice(0, slash));
    const full = `${this.#root}/${path}`;
    const stat = lstatSync(full, { throwIfNoEntry: false });
    if (!stat) mkdirSync(full);
    else if (!stat.isDirectory()) throw new Failure(`${full} is in the way: it is not a directory`);
    this.#known.add(path);
  }

  /** A directory and another file do not take each other's place; anything else goes. */
  #makeRoom(name: string, header: TarHeader): void {
    const path = `${this.#root}/${name}`;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat) return;
    const [quoted, root] = [JSON.stringify(name), JSON.stringify(this.#root)];
    if (stat.isDirectory()) {
      if (header.type !== '5') throw new Failure(`cannot overwrite directory ${quoted} with non-directory ${root}`);
      return;
    }
    if (header.type === '5') throw new Failure(`cannot overwrite non-directory ${quoted} with directory ${root}`);
    unlinkSync(path);
  }

  #mode({ mode }: TarHeader): number {
    return this.#options.keepSetuid ? mode : mode & ~0o6000;
  }

  #file(path: string, header: TarHeader): TarSink {
    // wx: the name is free, or somebody else is at work here.
    const fd = openSync(path, 'wx', 0o600);
    return {
      data: (piece) => {
        for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at);
      },
      end: () => {
        fchmodSync(fd, this.#mode(header));
        futimesSync(fd, header.mtime, header.mtime);
        closeSync(fd);
      },
    };
  }

  #directory(name: string, path: string, header: TarHeader): undefined {
    if (!lstatSync(path, { throwIfNoEntry: false })) mkdirSync(path);
    this.#known.add(name);
    this.#directories.push({ path, mode: this.#mode(header), mtime: header.mtime });
  }

  /** The file that a hard link means, which must lie below the root by itself. */
  #linked(header: TarHeader): string {
    const name = this.#clean(header.link);
    const slash = name.lastIndexOf('/');
    this.#parent(slash < 0 ? '' : name.slice(0, slash));
    if (!lstatSync(`${this.#root}/${name}`, { throwIfNoEntry: false })?.isFile()) {
      throw new Failure(`invalid hardlink target ${JSON.stringify(header.link)}`);
    }
    return name;
  }
}
