import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { LayerStore, type UnpackedLayer } from './layers.js';
import { digestOf, type Entry, makeScratch, makeTar } from './test-archives.js';

/* Unpacks real layers with the real td-layer, which needs root. */

const scratch = makeScratch();
const store = new LayerStore(scratch);
const outside = join(scratch.root, 'outside');

before(() => {
  store.restore(new Set());
  mkdirSync(outside);
  writeFileSync(join(outside, 'secret'), 'secret');
});
after(async () => {
  await store.emptied();
  scratch.remove();
});

/** Whatever a layer holds, what lies beside its directory is as before, and a failure leaves nothing. */
afterEach(async () => {
  await store.emptied();
  assert.deepEqual(readdirSync(scratch.trash), []);
  assert.deepEqual(readdirSync(scratch.ingest), ['layer.tar']);
  assert.deepEqual(readdirSync(outside), ['secret']);
  assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'secret');
});

async function unpack(archive: Buffer, look: (dir: string, layer: UnpackedLayer) => void = () => {}): Promise<void> {
  const file = join(scratch.ingest, 'layer.tar');
  writeFileSync(file, archive);
  const layer = await store.unpack(file);
  try {
    look(layer.directory, layer);
  } finally {
    store.discard(layer.directory);
  }
}

const unpackEntries = async (entries: readonly Entry[], look?: (dir: string, layer: UnpackedLayer) => void) =>
  unpack(await makeTar(entries), look);

const refused = async (entries: readonly Entry[], message: RegExp) =>
  assert.rejects(unpackEntries(entries), (error: Error & { kind?: string }) => {
    assert.match(error.message, message);
    assert.equal(error.kind, 'invalid');
    return true;
  });

/** What GNU tar makes of a directory that `fill` has filled. */
function gnuTar(options: readonly string[], fill: (dir: string) => void): Buffer {
  const dir = join(scratch.root, 'source');
  mkdirSync(dir);
  fill(dir);
  const archive = execFileSync('tar', ['-C', dir, ...options, '-cf', '-', '.'], { maxBuffer: 1 << 28 });
  execFileSync('rm', ['-rf', dir]);
  return archive;
}

/** The name, where the file has such an attribute: GNU tar lists them. */
function xattr(path: string, name: string): string {
  const options = ['--xattrs', '--xattrs-include=*', '--format=pax', '--no-recursion'];
  const listed = execFileSync('tar', [...options, '-C', dirname(path), '-cf', '-', basename(path)], {
    encoding: 'latin1',
  });
  return listed.includes(`SCHILY.xattr.${name}=`) ? name : '';
}
const isWhiteout = (path: string) => lstatSync(path).isCharacterDevice() && lstatSync(path).rdev === 0;
const mode = (path: string) => lstatSync(path).mode & 0o7777;

test('files of every kind, with owner, mode, times and links', async () => {
  const mtime = new Date(1_234_567_890_000);
  const entries: Entry[] = [
    [{ name: './', type: 'directory', mode: 0o700 }],
    [{ name: 'd/', type: 'directory', mode: 0o1777, uid: 5, gid: 6, mtime }],
    [{ name: 'd/file', mode: 0o4755, uid: 1000, gid: 1001, mtime }, 'content'],
    [{ name: 'd/hard', type: 'link', linkname: 'd/file' }],
    [{ name: 'd/soft', type: 'symlink', linkname: '/not/there', uid: 7, mtime }],
    [{ name: 'd/fifo', type: 'fifo', mode: 0o622 }],
    [{ name: 'd/null', type: 'character-device', devmajor: 1, devminor: 3, mode: 0o666 }],
    [{ name: 'implicit/parents/file' }, 'x'],
  ];
  await unpackEntries(entries, (dir, layer) => {
    const file = lstatSync(join(dir, 'd/file'));
    assert.deepEqual([file.uid, file.gid, file.nlink, mode(join(dir, 'd/file'))], [1000, 1001, 2, 0o4755]);
    assert.equal(file.mtimeMs, mtime.getTime());
    assert.equal(lstatSync(join(dir, 'd/hard')).ino, file.ino);
    const d = lstatSync(join(dir, 'd'));
    assert.deepEqual([d.uid, d.gid, mode(join(dir, 'd')), d.mtimeMs], [5, 6, 0o1777, mtime.getTime()]);
    assert.equal(readlinkSync(join(dir, 'd/soft')), '/not/there');
    assert.equal(lstatSync(join(dir, 'd/soft')).uid, 7);
    assert.ok(lstatSync(join(dir, 'd/fifo')).isFIFO());
    assert.equal(lstatSync(join(dir, 'd/null')).rdev, 0x103);
    assert.equal(mode(join(dir, 'implicit/parents')), 0o755);
    assert.equal(mode(dir), 0o755); // the layer's own root is ours
    assert.equal(layer.size, 'content'.length + '/not/there'.length + 1);
  });
});

test('the digests and sizes of what went in and of what it was', async () => {
  const plain = await makeTar([[{ name: 'a' }, Buffer.alloc(300_000, 'a')]]);
  const sizes = { size: 300_000, diffId: digestOf(plain), tarSize: plain.length, entries: 1 };
  const compressed = (program: string) => execFileSync(program, ['-c'], { input: plain });
  for (const input of [plain, gzipSync(plain), ...['bzip2', 'xz', 'zstd'].map(compressed)]) {
    await unpack(input, (_dir, { directory, ...layer }) => {
      assert.deepEqual(layer, { ...sizes, ok: true, digest: digestOf(input), inputSize: input.length });
    });
  }
  // Bytes behind the end of the archive count as well.
  const padded = Buffer.concat([plain, Buffer.alloc(20_480)]);
  await unpack(padded, (_dir, layer) => assert.equal(layer.diffId, digestOf(padded)));
  await unpack(Buffer.alloc(0), (dir) => assert.deepEqual(readdirSync(dir), []));
});

test('whiteouts become those of overlayfs', async () => {
  await unpackEntries(
    [
      [{ name: 'a/.wh.gone' }, ''],
      [{ name: 'b/.wh..wh..opq' }, ''],
      [{ name: 'b/new' }, 'x'],
      [{ name: '.wh.again' }, ''],
      [{ name: 'again/', type: 'directory' }],
      [{ name: 'early/', type: 'directory' }],
      [{ name: '.wh.early' }, ''],
      [{ name: '.wh.deep' }, ''],
      [{ name: 'deep/er/file' }, 'x'],
      [{ name: '.wh..wh.aufs' }, ''],
    ],
    (dir) => {
      assert.ok(isWhiteout(join(dir, 'a/gone')));
      assert.deepEqual(readdirSync(join(dir, 'b')), ['new']);
      for (const opaque of ['b', 'again', 'early', 'deep']) {
        assert.equal(xattr(join(dir, opaque), 'trusted.overlay.opaque'), 'trusted.overlay.opaque', opaque);
      }
      assert.equal(xattr(join(dir, 'a'), 'trusted.overlay.opaque'), '');
      assert.deepEqual(readdirSync(dir).sort(), ['a', 'again', 'b', 'deep', 'early']);
    },
  );
});

test('whiteouts of nothing, of the directory itself, and things below one', async () => {
  await refused([[{ name: 'a/.wh.' }, '']], /is a whiteout of nothing$/);
  await refused([[{ name: 'a/.wh..' }, '']], /is a whiteout of nothing$/);
  await refused([[{ name: 'a/.wh...' }, '']], /is a whiteout of nothing$/);
  await refused([[{ name: '.wh.a/b' }, '']], /lies below a whiteout$/);
});

test('names that lead out are refused, absolute ones begin at the root of the layer', async () => {
  await refused([[{ name: '../evil' }, 'x']], /^entry "\.\.\/evil" leads out of the layer$/);
  await refused([[{ name: 'a/../../evil' }, 'x']], /leads out of the layer$/);
  await refused([[{ name: 'l', type: 'link', linkname: '../outside/secret' }]], /leads out of the layer$/);
  await unpackEntries(
    [
      [{ name: `${outside}/evil` }, 'x'],
      [{ name: '/etc/x' }, 'y'],
    ],
    (dir) => {
      assert.equal(readFileSync(join(dir, 'etc/x'), 'utf8'), 'y');
      assert.equal(readFileSync(join(dir, outside, 'evil'), 'utf8'), 'x');
    },
  );
});

test('links are followed as if the layer were the whole world', async () => {
  const up = '../'.repeat(20);
  for (const target of [outside, `${up}${outside.slice(1)}`]) {
    // Where the link leads to does not exist inside: nothing is made through it.
    await refused(
      [[{ name: 'out', type: 'symlink', linkname: target }], [{ name: 'out/evil' }, 'x']],
      /lies below something that is not a directory$/,
    );
    await refused(
      [
        [{ name: 'out', type: 'symlink', linkname: target }],
        [{ name: 'stolen', type: 'link', linkname: 'out/secret' }],
      ],
      /^"stolen" is a link to "out\/secret", which is not in the layer$/,
    );
    // Where it does exist inside, that is what is meant.
    await unpackEntries(
      [
        [{ name: `${outside.slice(1)}/`, type: 'directory' }],
        [{ name: 'out', type: 'symlink', linkname: target }],
        [{ name: 'out/new' }, 'x'],
      ],
      (dir) => assert.equal(readFileSync(join(dir, outside, 'new'), 'utf8'), 'x'),
    );
  }
  await refused([[{ name: 'shadow', type: 'link', linkname: '/etc/shadow' }]], /which is not in the layer$/);
  await refused(
    [
      [{ name: 'a', type: 'symlink', linkname: 'b' }],
      [{ name: 'b', type: 'symlink', linkname: 'a' }],
      [{ name: 'a/x' }, ''],
    ],
    /lies below something that is not a directory$/,
  );
  // A link in place of a file that comes later is replaced, not written through.
  await unpackEntries(
    [[{ name: 'f', type: 'symlink', linkname: `${outside}/secret` }], [{ name: 'f' }, 'mine']],
    (dir) => assert.ok(lstatSync(join(dir, 'f')).isFile()),
  );
});

test('a later entry replaces an earlier one of another kind', async () => {
  await unpackEntries(
    [
      [{ name: 'd/deep/er/file' }, 'x'],
      [{ name: 'd', type: 'symlink', linkname: outside }],
      [{ name: 'e' }, 'a file'],
      [{ name: 'e/', type: 'directory' }],
      [{ name: 'e/inside' }, 'x'],
      [{ name: 'same' }, 'x'],
      [{ name: 'same', type: 'link', linkname: 'same' }],
      [{ name: 'twice' }, 'first'],
      [{ name: 'twice' }, 'second'],
    ],
    (dir, layer) => {
      assert.equal(readlinkSync(join(dir, 'd')), outside);
      assert.deepEqual(readdirSync(join(dir, 'e')), ['inside']);
      assert.equal(readFileSync(join(dir, 'same'), 'utf8'), 'x');
      assert.equal(readFileSync(join(dir, 'twice'), 'utf8'), 'second');
      assert.equal(layer.size, outside.length + 1 + 1 + 'second'.length);
    },
  );
  await refused(
    [[{ name: 'd/', type: 'directory' }], [{ name: 'l', type: 'link', linkname: 'd' }]],
    /is a hard link to the directory "d"$/,
  );
  await refused(
    [
      [{ name: 'f' }, 'x'],
      [{ name: 'f/g' }, 'x'],
    ],
    /lies below something that is not a directory$/,
  );
});

test('attributes: file capabilities and user attributes come along, those that steer overlayfs do not', async () => {
  const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex').toString('latin1');
  const records = {
    'SCHILY.xattr.security.capability': capability,
    'SCHILY.xattr.user.note': 'n',
    'SCHILY.xattr.trusted.overlay.redirect': '/../../etc',
    'SCHILY.xattr.trusted.overlay.opaque': 'y',
    'SCHILY.xattr.user.overlay.opaque': 'y',
    'SCHILY.xattr.security.selinux': 'x',
  };
  await unpackEntries(
    [[{ name: 'bin', pax: records }, 'x'], [{ name: 'dir/', type: 'directory', pax: records }]],
    (dir) => {
      for (const name of ['bin', 'dir']) {
        assert.equal(xattr(join(dir, name), 'user.note'), 'user.note');
        for (const steering of ['trusted.overlay.redirect', 'trusted.overlay.opaque', 'user.overlay.opaque']) {
          assert.equal(xattr(join(dir, name), steering), '', steering);
        }
      }
      assert.equal(xattr(join(dir, 'bin'), 'security.capability'), 'security.capability');
    },
  );
});

/** 8 GiB of holes with a word at the beginning and one in the middle. */
function makeSparse(path: string): void {
  const fd = openSync(path, 'w');
  writeSync(fd, 'begin', 0);
  writeSync(fd, 'middle', 4 * 2 ** 30);
  ftruncateSync(fd, 8 * 2 ** 30);
  closeSync(fd);
}

for (const [form, options] of [
  ['GNU', ['--format=gnu']],
  ['pax 0.0', ['--format=pax', '--sparse-version=0.0']],
  ['pax 0.1', ['--format=pax', '--sparse-version=0.1']],
  ['pax 1.0', ['--format=pax', '--sparse-version=1.0']],
] as const) {
  test(`sparse files as GNU tar writes them: ${form}`, async () => {
    const archive = gnuTar(['--sparse', ...options], (dir) => makeSparse(join(dir, 'hole')));
    await unpack(archive, (dir, layer) => {
      const path = join(dir, 'hole');
      assert.equal(lstatSync(path).size, 8 * 2 ** 30);
      assert.ok(lstatSync(path).blocks < 1000);
      assert.equal(layer.size, 8 * 2 ** 30);
      const words = [0, 4 * 2 ** 30].map((at) => {
        const word = Buffer.alloc(6);
        const fd = openSync(path, 'r');
        readSync(fd, word, 0, 6, at);
        closeSync(fd);
        return String(word);
      });
      assert.deepEqual(words, ['begin\0', 'middle']);
    });
  });
}

test('zeros that are written out take no space', async () => {
  await unpackEntries([[{ name: 'zeros' }, Buffer.concat([Buffer.alloc(10 << 20), Buffer.from('end')])]], (dir) => {
    const { size, blocks } = lstatSync(join(dir, 'zeros'));
    assert.equal(size, (10 << 20) + 3);
    assert.ok(blocks < 100);
    assert.equal(
      readFileSync(join(dir, 'zeros')).compare(Buffer.concat([Buffer.alloc(10 << 20), Buffer.from('end')])),
      0,
    );
  });
});

test('a tree that GNU tar packed is the tree that comes out', async () => {
  const names = ['ü-composed', 'u\u0308-decomposed', 'x'.repeat(255), 'new\nline', ' space '];
  for (const format of ['--format=gnu', '--format=pax']) {
    const archive = gnuTar([format], (dir) => {
      let deep = dir;
      for (let i = 0; i < 14; i++) {
        deep = join(deep, 'd'.repeat(200));
        mkdirSync(deep);
      }
      writeFileSync(join(deep, 'file'), 'deep');
      for (const name of names) writeFileSync(join(dir, name), name);
      linkSync(join(dir, names[0]!), join(dir, 'hard'));
      symlinkSync('t'.repeat(2000), join(dir, 'long-target'));
    });
    await unpack(archive, (dir) => {
      assert.deepEqual(readdirSync(dir).sort(), [...names, 'd'.repeat(200), 'hard', 'long-target'].sort());
      for (const name of names) assert.equal(readFileSync(join(dir, name), 'utf8'), name);
      assert.equal(readlinkSync(join(dir, 'long-target')), 't'.repeat(2000));
      assert.ok(existsSync(join(dir, ...Array<string>(14).fill('d'.repeat(200)), 'file')));
    });
  }
});

test('archives that are cut off or damaged say where', async () => {
  const plain = await makeTar([
    [{ name: 'a' }, Buffer.alloc(100_000, 'a')],
    [{ name: 'b' }, 'b'],
  ]);
  const packed = gzipSync(plain);
  const fails = (archive: Buffer, message: RegExp) => assert.rejects(unpack(archive), { kind: 'invalid', message });
  await fails(plain.subarray(0, 50_000), /^the layer ends within the file "a"$/);
  await fails(plain.subarray(0, 700), /^the layer ends within the file "a"$/);
  await fails(plain.subarray(0, 100), /^the layer is not a tar archive$/);
  await fails(packed.subarray(0, packed.length - 30), /^the layer cannot be decompressed: /);
  await fails(Buffer.alloc(4096, 'x'), /^the layer is not a tar archive$/);
  await fails(gzipSync(gzipSync(plain)), /^the layer is compressed 2 times over$/);
  const damaged = Buffer.from(plain);
  damaged[100_352 + 512 + 100] = 0x39;
  await fails(damaged, /^the layer has a header with a wrong checksum$/);
  await refused([[{ name: 'a', pax: { path: 'x'.repeat(5000) } }, 'x']], /has a name of more than 4095 bytes$/);
  await refused([[{ name: 'n'.repeat(300) }, 'x']], /File name too long \(ENAMETOOLONG\)$/);
  await refused([[{ name: 'a', pax: { uid: '4294967296' } }, 'x']], /says uid=4294967296$/);
});
