import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Engine } from '../helpers/engine.js';
import { TDCTL } from '../helpers/paths.js';
import { Registry } from '../helpers/registry.js';

/*
 * Images as people have them: a Debian made by mmdebstrap, packed by umoci and by buildah, and what is built on it with Node.js and
 * with Python. They go through every door, and come out as what they were.
 */

const home = mkdtempSync(join(tmpdir(), 'tdt-real-'));
const file = (name: string) => join(home, name);
let engine: Engine;
let registry: Registry;
let client: string;

const run = promisify(execFile);

/** Runs a script to its end, with `docker` and `tdctl` of our engine; what it prints. */
async function script(text: string): Promise<string> {
  const env = {
    PATH: `${client}:${process.env.PATH}`,
    HOME: home,
    DOCKER_CONFIG: join(client, 'config'),
    DOCKER_HOST: `unix://${engine.api.socket}`,
    DOCKER_CLI_HINTS: 'false',
    DOCKER_BUILDKIT: '0',
    TINYDOCKER_HOST: `unix://${engine.api.socket}`,
    R: registry.host,
    REGISTRY_AUTH_FILE: file('auth.json'),
  };
  const functions = `set -euo pipefail
tdctl() { ${TDCTL} "$@"; }
digest() { skopeo inspect --raw --tls-verify=false "$@" | node -p 'JSON.parse(fs.readFileSync(0)).config.digest'; }
id() { docker image inspect -f '{{.Id}}' "$1"; }
`;
  const { stdout } = await run('bash', ['-c', functions + text], { cwd: home, env, maxBuffer: 16 << 20 });
  return stdout.trim();
}

before(async () => {
  const reference = process.env.TINYDOCKER_REFERENCE;
  assert.ok(reference, 'TINYDOCKER_REFERENCE names the program that has the docker command');
  client = mkdtempSync(join(tmpdir(), 'tdt-docker-'));
  execFileSync(reference, ['client', client], { stdio: 'ignore' });
  registry = await Registry.start();
  writeFileSync(file('auth.json'), '{}');
  engine = await Engine.open();
  // As this machine gets its own packages.
  writeFileSync(file('apt.conf'), execFileSync('apt-config', ['dump', 'Acquire']));
  const sources = `$(ls /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true)`;
  await script(`
    . /etc/os-release
    mmdebstrap --quiet --variant=essential --include=python3-minimal,nodejs --aptopt="$PWD/apt.conf" \\
      --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \\
      "$VERSION_CODENAME" base.tar ${sources}
    umoci init --layout layout; umoci new --image layout:base; umoci raw add-layer --image layout:base base.tar
    umoci config --image layout:base --config.env PATH=/usr/sbin:/usr/bin:/sbin:/bin --config.cmd bash
    skopeo copy -q oci:layout:base docker-archive:umoci.tar:umoci-base:1`);
  mkdirSync(file('node'));
  mkdirSync(file('python'));
  writeFileSync(file('node/app.js'), `console.log(require('./made.json').at, process.argv.slice(2).join(' '));\n`);
  writeFileSync(
    file('node/Dockerfile'),
    `FROM umoci-base:1
WORKDIR /app
COPY app.js .
RUN node -e 'require("fs").writeFileSync("made.json", JSON.stringify({at: process.cwd()}))'
ENTRYPOINT ["node", "app.js"]
CMD ["nobody"]
`,
  );
  writeFileSync(file('python/app.py'), `import os, sys\nprint(open("made").read(), os.getuid(), *sys.argv[1:])\n`);
  writeFileSync(
    file('python/Dockerfile'),
    `FROM buildah-base:1 AS made
RUN python3 -c 'print("by python", end="")' >/made
FROM buildah-base:1
COPY --from=made /made /app/made
COPY app.py /app/
WORKDIR /app
USER 1000
ENTRYPOINT ["python3", "app.py"]
`,
  );
});
after(async () => {
  await engine?.close();
  await registry?.close();
  for (const directory of [home, client]) if (directory) rmSync(directory, { recursive: true, force: true });
});

test('a Debian packed by umoci and by buildah is loaded and is what its maker calls it', async () => {
  await script('docker load -q -i umoci.tar');
  assert.equal(await script('id umoci-base:1'), await script('digest docker-archive:umoci.tar'));
  await script(`
    export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
    buildah="buildah --root $PWD/storage --runroot $PWD/runroot"
    container=$($buildah from scratch)
    $buildah add -q "$container" base.tar / >/dev/null
    $buildah config --env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$container"
    $buildah commit -q "$container" oci-archive:buildah.tar:buildah-base:1 >/dev/null
    $buildah rm -a >/dev/null
    rm -rf storage runroot
    tdctl load -q -i buildah.tar`);
  assert.equal(await script('id buildah-base:1'), await script('digest oci-archive:buildah.tar'));
  assert.match(await script('tdctl run --rm --network none buildah-base:1 cat /etc/os-release'), /^ID=debian$/m);
});

const IMAGES = [
  { name: 'node', build: 'docker build -q --network none', says: '/app nobody' },
  { name: 'python', build: 'tdctl build -q --network none', says: 'by python 1000' },
];

for (const { name, build, says } of IMAGES) {
  test(`an image with ${name} is built, runs, and comes back from a registry and from archives as it was`, async () => {
    const image = `$R/team/${name}:1`;
    const [first, second] = name === 'node' ? ['docker', 'tdctl'] : ['tdctl', 'docker'];
    await script(`${build} -t ${image} ${name}`);
    const id = await script(`id ${image}`);
    const runs = async (by: string) =>
      assert.equal(await script(`${by} run --rm --network none ${image}`), says, `${by} run`);
    await runs('docker');
    await runs('tdctl');

    await script(`${first} push -q ${image}`);
    assert.equal(await script(`digest docker://${image}`), id);
    await script(`${first} rmi ${image}; ${second} pull -q ${image}`);
    assert.equal(await script(`id ${image}`), id);
    await runs(second!);

    await script(`${second} save ${image} -o saved.tar; skopeo copy -q docker-archive:saved.tar oci:saved:1`);
    assert.equal(await script('digest docker-archive:saved.tar'), id);
    await script(`${second} rmi ${image}; ${first} load -q -i saved.tar; rm -r saved saved.tar`);
    assert.equal(await script(`id ${image}`), id);
    await runs(first!);
    assert.equal((await script(`tdctl image verify ${image}; echo verified`)).split('\n').at(-1), 'verified');
  });
}
