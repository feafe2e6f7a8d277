import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { arch, release } from 'node:os';
import { join } from 'node:path';
import { compileSeccomp, seccompCompiler } from '../kernel/seccomp-compiler.js';
import type { SeccompProfile } from './seccomp-profile.js';
import { resolveSeccomp, seccompJson } from './seccomp-resolve.js';

/** A compiled filter, as the shim is told of it. */
export interface SeccompFilter {
  /** The file that the kernel's program is in. */
  program: string;
  /** linux.seccomp of the OCI runtime specification that it was made of. */
  source: string;
  flags: string[];
}

/** Filters that are kept from one daemon to the next; each has 8 to 20 KiB. */
const KEPT = 128;
/** Resolved profiles in memory. */
const KNOWN = 64;

/**
 * Filters on disk, by what they are made of. To compile one takes some 10 ms, in a process of its own: whoever can tell in time
 * that a filter will be needed has it made then.
 */
export class SeccompFilters {
  readonly #dir: string;
  readonly #known = new Map<SeccompProfile, Map<string, SeccompFilter>>();
  readonly #compiling = new Map<string, Promise<void>>();
  #compiler: string | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Makes the directory and clears it of what is half made, and of the oldest beyond what is kept. To be called at the start. */
  prepare(): void {
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const names = readdirSync(this.#dir);
    for (const name of names)
      if (!/^[0-9a-f]{64}\.(bpf|json)$/.test(name)) rmSync(join(this.#dir, name), { force: true });
    const programs = names.filter((name) => /^[0-9a-f]{64}\.bpf$/.test(name));
    if (programs.length <= KEPT) return;
    const age = new Map(programs.map((name) => [name, statSync(join(this.#dir, name)).mtimeMs]));
    for (const name of programs.sort((a, b) => age.get(b)! - age.get(a)!).slice(KEPT))
      for (const end of ['bpf', 'json']) rmSync(join(this.#dir, name.replace(/bpf$/, end)), { force: true });
  }

  /** The filter of a profile for these capabilities; it may have to be compiled yet. */
  of(profile: SeccompProfile, capabilities: readonly string[]): SeccompFilter & { json: string } {
    const resolved = resolveSeccomp(profile, { arch: arch(), kernel: release(), capabilities });
    const json = seccompJson(resolved);
    this.#compiler ??= seccompCompiler();
    const hash = createHash('sha256').update(`${this.#compiler}\n${json}`).digest('hex');
    const at = join(this.#dir, hash);
    return { program: `${at}.bpf`, source: `${at}.json`, flags: resolved.flags ?? [], json };
  }

  /** The filter where it is known to be there; else undefined, and ready() makes it. */
  known(profile: SeccompProfile, capabilities: readonly string[]): SeccompFilter | undefined {
    const filter = this.#known.get(profile)?.get(capabilities.join());
    return filter && existsSync(filter.program) ? filter : undefined;
  }

  /** The filter, compiled where no daemon ever has. @throws EngineError invalid */
  async ready(profile: SeccompProfile, capabilities: readonly string[]): Promise<SeccompFilter> {
    const known = this.known(profile, capabilities);
    if (known) return known;
    const { json, ...filter } = this.of(profile, capabilities);
    if (!existsSync(filter.program)) {
      let compiling = this.#compiling.get(filter.program);
      if (!compiling) {
        compiling = compileSeccomp(json, filter.source, filter.program).finally(() =>
          this.#compiling.delete(filter.program),
        );
        this.#compiling.set(filter.program, compiling);
      }
      await compiling;
    }
    this.#remember(profile, capabilities, filter);
    return filter;
  }

  #remember(profile: SeccompProfile, capabilities: readonly string[], filter: SeccompFilter): void {
    const bySet = this.#known.get(profile) ?? new Map<string, SeccompFilter>();
    bySet.set(capabilities.join(), filter);
    this.#known.set(profile, bySet);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= KNOWN) return;
      this.#known.delete(oldest);
    }
  }
}
