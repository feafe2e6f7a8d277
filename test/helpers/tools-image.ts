import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Redis: the Debian package has one program, which is the server when it is called that. */
const PROGRAMS = { 'redis-server': 'redis-check-rdb', 'redis-cli': 'redis-cli' };
const APPLETS = ['sh', 'httpd', 'wget', 'cat', 'echo', 'mkdir', 'sleep', 'nslookup'];

const which = (program: string): string =>
  execFileSync('sh', ['-c', 'command -v "$0"', program], { encoding: 'utf8' }).trim();

/** The libraries of a program, and its loader. */
const librariesOf = (program: string): string[] =>
  execFileSync('ldd', [program], { encoding: 'utf8' }).match(/\/\S+(?= \()/g) ?? [];

/** Writes a root file system with BusyBox and Redis, of what the Debian packages have on this machine. For `docker import`. */
export function writeToolsArchive(archive: string): void {
  const root = mkdtempSync(join(tmpdir(), 'tdt-tools-'));
  const copy = (from: string, to: string) => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    copyFileSync(from, join(root, to));
  };
  for (const directory of ['data', 'etc', 'tmp', 'www']) mkdirSync(join(root, directory));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  copy(which('busybox'), 'bin/busybox');
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
  for (const [name, program] of Object.entries(PROGRAMS)) {
    const path = which(program);
    copy(path, join('bin', name));
    for (const library of librariesOf(path)) copy(library, library);
  }
  execFileSync('tar', ['-C', root, '-cf', archive, '.']);
  rmSync(root, { recursive: true });
}
