import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { packPath } from './pack.js';
import { archiveEnd, type NewEntry, padding, tarHeader } from './tar-header.js';
import { type TarHeader, TarReader } from './tar-reader.js';
import { Unpacker, type UnpackOptions } from './unpack.js';

const home = mkdtempSync(join(tmpdir(), 'tdctl-archive-'));
after(() => rmSync(home, { recursive: true }));
let target = '';
let count = 0;
beforeEach(() => {
  count += 1;
  target = join(home, String(count), 'target');
  mkdirSync(target, { recursive: true });
  writeFileSync(join(home, String(count), 'outside'), 'kept');
});
const outsideIsKept = () => {
  assert.deepEqual(readdirSync(join(target, '..')).sort(), ['outside', 'target']);
  assert.equal(readFileSync(join(target, '..', 'outside'), 'utf8'), 'kept');
};

async function packed(path: string, name: string): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of packPath(path, name)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** An archive of entries as they are, right or wrong. */
function archive(...entries: (Partial<NewEntry> & { name: string; content?: string })[]): Buffer {
  const parts = entries.flatMap(({ content = '', ...entry }) => {
    const data = Buffer.from(content);
    return [
      tarHeader({ type: '0', mode: 0o644, uid: 0, gid: 0, mtime: 0, ...entry, size: data.length }),
      data,
      padding(data.length),
    ];
  });
  return Buffer.concat([...parts, archiveEnd()]);
}

function unpack(data: Buffer, options: UnpackOptions = {}, step = data.length): void {
  const unpacker = new Unpacker(target, options);
  const reader = new TarReader((header) => unpacker.entry(header));
  for (let at = 0; at < data.length; at += step) reader.push(data.subarray(at, at + step));
  reader.end();
  unpacker.end();
}

test('a tree comes back as it was, however small the pieces are', async () => {
  const source = join(home, String(count), 'target');
  const long = 'n'.repeat(120);
  mkdirSync(join(source, 'd', long), { recursive: true });
  writeFileSync(join(source, 'd', long, 'ü'), 'x'.repeat(5000));
  linkSync(join(source, 'd', long, 'ü'), join(source, 'd', 'z-hard'));
  symlinkSync('../nowhere', join(source, 'd', 'link'));
  writeFileSync(join(source, 'd', 'empty'), '');
  chmodSync(join(source, 'd', 'empty'), 0o604);
  utimesSync(join(source, 'd'), 1e9, 1e9);
  const data = await packed(join(source, 'd'), 'top');
  for (const step of [1, 511, 4096, data.length]) {
    rmSync(target, { recursive: true });
    mkdirSync(target);
    unpack(data, {}, step);
    const top = join(target, 'top');
    assert.deepEqual(readdirSync(top).sort(), ['empty', 'link', long, 'z-hard']);
    assert.equal(readFileSync(join(top, long, 'ü'), 'utf8'), 'x'.repeat(5000));
    assert.equal(lstatSync(join(top, 'z-hard')).ino, lstatSync(join(top, long, 'ü')).ino);
    assert.equal(readlinkSync(join(top, 'link')), '../nowhere');
    assert.equal(lstatSync(join(top, 'empty')).mode & 0o777, 0o604);
    assert.equal(lstatSync(top).mtimeMs, 1e12);
  }
});

test('names that lead out are refused', () => {
  for (const name of ['../x', 'a/../../x', 'a/..', '..']) {
    assert.throws(() => unpack(archive({ name, content: 'evil' })), {
      message: `invalid entry name ${JSON.stringify(name)}`,
    });
  }
  unpack(archive({ name: '/abs/x', content: 'inside' }));
  assert.equal(readFileSync(join(target, 'abs', 'x'), 'utf8'), 'inside');
  outsideIsKept();
});

test('nothing is written through a link of the archive, nor through one that was there', () => {
  for (const link of ['..', join(target, '..'), '../outside']) {
    const through = archive({ name: 'l', type: '2', link }, { name: 'l/outside', content: 'evil' });
    assert.throws(() => unpack(through), /is in the way: it is not a directory/);
    rmSync(join(target, 'l'));
  }
  unpack(archive({ name: 'f', type: '2', link: '../outside' }, { name: 'f', content: 'a file now' }));
  assert.equal(readFileSync(join(target, 'f'), 'utf8'), 'a file now');
  symlinkSync('..', join(target, 'mine'));
  assert.throws(() => unpack(archive({ name: 'mine/outside', content: 'evil' })), /is in the way/);
  assert.throws(
    () => unpack(archive({ name: 'mine/', type: '5' })),
    /cannot overwrite non-directory "mine" with directory/,
  );
  outsideIsKept();
});

test('hard links lead to files of the directory only', () => {
  for (const link of ['../outside', '/outside', 'l/outside', 'nothing', 'd']) {
    const bad = archive(
      { name: 'd', type: '5' },
      { name: 'l', type: '2', link: '..' },
      { name: 'h', type: '1', link },
      { name: 'h', content: 'evil' },
    );
    assert.throws(() => unpack(bad), /invalid (entry name|hardlink target)|is in the way/);
    rmSync(join(target, 'l'));
  }
  outsideIsKept();
});

test('a directory and another file do not take each other’s place', () => {
  unpack(archive({ name: 'd/f', content: 'x' }));
  assert.throws(() => unpack(archive({ name: 'd', content: 'x' })), {
    message: `cannot overwrite directory "d" with non-directory ${JSON.stringify(target)}`,
  });
  assert.throws(
    () => unpack(archive({ name: 'd/f', type: '5' })),
    /^Failure: cannot overwrite non-directory "d\/f" with directory/,
  );
});

test('setuid bits come along only when they are asked for; devices are left out', () => {
  const skipped: string[] = [];
  const data = archive({ name: 's', mode: 0o6755 }, { name: 'dev', type: '3' }, { name: 'p', type: '6' });
  unpack(data, { skipped: (name) => skipped.push(name) });
  assert.equal(lstatSync(join(target, 's')).mode & 0o7777, 0o755);
  assert.deepEqual(skipped, ['dev', 'p']);
  assert.ok(!existsSync(join(target, 'dev')));
  unpack(data, { keepSetuid: true });
  assert.equal(lstatSync(join(target, 's')).mode & 0o7777, 0o6755);
});

test('what is broken is said to be', () => {
  const good = archive({ name: 'f', content: 'x'.repeat(2000) });
  assert.throws(() => unpack(good.subarray(0, 1500)), { message: 'the archive is broken: it ends too early' });
  assert.throws(() => unpack(Buffer.alloc(1024, 'n')), /the archive is broken/);
  const damaged = Buffer.from(good);
  damaged[10] = 1;
  assert.throws(() => unpack(damaged), { message: 'the archive is broken: a header has a wrong checksum' });
});

test('long names as GNU tar writes them, and binary numbers', () => {
  const name = 'g'.repeat(150);
  const headers: TarHeader[] = [];
  const long = Buffer.from(`${name}\0`);
  const head = tarHeader({ name: '././@LongLink', type: 'L', mode: 0, uid: 0, gid: 0, mtime: 0, size: long.length });
  const data = Buffer.concat([head, long, padding(long.length), archive({ name: 'short', content: 'x' })]);
  const reader = new TarReader((header) => void headers.push(header));
  reader.push(data);
  assert.deepEqual(
    headers.map((header) => header.name),
    [name],
  );
});
