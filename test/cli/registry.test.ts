import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { uniqueName } from '../helpers/engine.js';
import { Registry } from '../helpers/registry.js';
import { tar } from '../helpers/tar.js';
import { withDaemon } from './cli.js';

const cli = withDaemon();
const home = mkdtempSync(join(tmpdir(), 'tdt-cli-'));
let open: Registry;
let locked: Registry;
before(async () => {
  // bcrypt of "secret", as htpasswd -nbB makes it.
  writeFileSync(join(home, 'htpasswd'), 'alice:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n');
  const config = `auth: {htpasswd: {realm: here, path: ${home}/htpasswd}}`;
  [open, locked] = await Promise.all([Registry.start(), Registry.start()]);
  await locked.push('app', '1', { layers: [tar([{ name: 'x', content: 'locked' }])] });
  await locked.reopen(config);
});
after(async () => {
  await open?.close();
  await locked?.close();
  rmSync(home, { recursive: true, force: true });
});

const env = (name: string) => ({ DOCKER_CONFIG: join(home, name) });

test('pull and push say what docker says, line by line where there is no terminal', async () => {
  const name = `${open.host}/${uniqueName('cli')}`;
  const { manifest, layers } = await open.push(name.split('/')[1]!, 'latest', {
    layers: [tar([{ name: 'x', content: name }])],
  });
  const id = layers[0]!.slice(7, 19);
  assert.deepEqual((await cli().ok(`pull ${name}`)).split('\n'), [
    'Using default tag: latest',
    `latest: Pulling from ${name.split('/')[1]}`,
    ...['Pulling fs layer', 'Verifying Checksum', 'Download complete', 'Pull complete'].map(
      (status) => `${id}: ${status}`,
    ),
    `Digest: ${manifest}`,
    `Status: Downloaded newer image for ${name}:latest`,
    `${name}:latest`,
  ]);
  assert.equal(await cli().ok(`image pull -q ${name}@${manifest}`), `${name}@${manifest}`);
  await cli().ok(`tag ${name} ${open.host}/copy:1`);
  const pushed = (await cli().ok(`push ${open.host}/copy:1`)).split('\n');
  assert.equal(pushed[0], `The push refers to repository [${open.host}/copy]`);
  assert.match(pushed.at(-1)!, new RegExp(`^1: digest: ${manifest} size: \\d+$`));
  assert.equal(await cli().ok(`image push -q ${open.host}/copy:1`), `${open.host}/copy:1`);
  assert.match(await cli().ok('images --digests'), new RegExp(`copy +1 +${manifest} `));
  const wrong = await cli().tdctl(`pull ${open.host}/nonesuch`);
  assert.deepEqual(
    [wrong.code, wrong.stderr],
    [
      1,
      `Error response from daemon: manifest for ${open.host}/nonesuch:latest not found: manifest unknown: manifest unknown\n`,
    ],
  );
  assert.match(
    await cli().ok(`search ${open.host}/cop`),
    new RegExp(`^NAME +DESCRIPTION +STARS +OFFICIAL\n${open.host}/copy `),
  );
  await cli().ok(`rmi -f ${name} ${open.host}/copy:1`);
});

test('on a terminal every layer has a line of its own, with a bar', async () => {
  const name = `${open.host}/${uniqueName('bar')}`;
  const { layers } = await open.push(name.split('/')[1]!, '1', {
    layers: [tar([{ name: 'x', content: 'x'.repeat(2_000_000) }]), tar([{ name: 'y', content: name }])],
  });
  const { stdout, code } = await cli()
    .terminal(['pull', `${name}:1`])
    .end();
  assert.equal(code, 0, stdout);
  for (const digest of layers) {
    const id = digest.slice(7, 19);
    assert.ok(stdout.includes(`\u001b[2K${id}: Pull complete`), stdout);
    assert.match(stdout, new RegExp(`\\u001b\\[2K${id}: (Downloading|Extracting) \\[=*> *\\]`));
  }
  await cli().ok(`rmi -f ${name}:1`);
});

test('run pulls what is not there, unless it must not', async () => {
  const repository = uniqueName('run');
  const busybox = readFileSync('/bin/busybox');
  await open.push(repository, '1', { layers: [tar([{ name: 'bin/sh', content: busybox, mode: 0o755 }])] });
  const name = `${open.host}/${repository}:1`;
  const never = await cli().tdctl(`run --rm --network none --pull never ${name} sh -c true`);
  assert.deepEqual([never.code, /No such image/.test(never.stderr)], [125, true]);
  const first = await cli().run(['run', '--rm', '--network', 'none', name, 'sh', '-c', 'echo here']);
  assert.deepEqual([first.code, first.stdout], [0, 'here\n']);
  assert.match(first.stderr, new RegExp(`^Unable to find image '${name}' locally\n1: Pulling from ${repository}\n`));
  const again = await cli().run([
    'run',
    '--rm',
    '--network',
    'none',
    '--pull',
    'always',
    name,
    'sh',
    '-c',
    'echo again',
  ]);
  assert.deepEqual([again.code, again.stdout], [0, 'again\n']);
  assert.match(again.stderr, /Status: Image is up to date/);
  await cli().ok(`rmi -f ${name}`);
});

test('who has logged in is known from then on, until the logout', async () => {
  const options = { env: env('plain') };
  const image = `${locked.host}/app:1`;
  assert.match((await cli().tdctl(`pull ${image}`, options)).stderr, /pull access denied for/);
  const wrong = await cli().tdctl(`login -u alice --password-stdin ${locked.host}`, { ...options, input: 'wrong' });
  assert.deepEqual([wrong.code, /unauthorized: incorrect username or password/.test(wrong.stderr)], [1, true]);
  const right = await cli().tdctl(`login -u alice --password-stdin ${locked.host}`, { ...options, input: 'secret\n' });
  assert.deepEqual([right.code, right.stdout], [0, 'Login Succeeded\n']);
  assert.match(right.stderr, /stored unencrypted in/);
  const file = join(options.env.DOCKER_CONFIG, 'config.json');
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const auth = Buffer.from('alice:secret').toString('base64');
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { auths: { [locked.host]: { auth } } });
  assert.equal(await cli().ok(`pull -q ${image}`, options), image);
  await cli().ok(`push -q ${image}`, options);
  await cli().ok(`rmi -f ${image}`);
  assert.equal(await cli().ok(`logout ${locked.host}`, options), `Removing login credentials for ${locked.host}`);
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { auths: {} });
  assert.match((await cli().tdctl(`pull ${image}`, options)).stderr, /pull access denied for/);
});

test('a program keeps the passwords where the configuration names one', async () => {
  const bin = join(home, 'bin');
  mkdirSync(bin);
  const helper = `#!/bin/sh
case $1 in
store) cat >"${home}/kept" ;;
get) [ -e "${home}/kept" ] && printf '{"ServerURL":"x","Username":"alice","Secret":"secret"}' || { echo "credentials not found in native keychain"; exit 1; } ;;
erase) cat >"${home}/erased"; rm "${home}/kept" ;;
esac
`;
  writeFileSync(join(bin, 'docker-credential-test'), helper, { mode: 0o755 });
  const DOCKER_CONFIG = join(home, 'helped');
  mkdirSync(DOCKER_CONFIG);
  writeFileSync(join(DOCKER_CONFIG, 'config.json'), JSON.stringify({ credsStore: 'test', psFormat: 'x' }));
  const options = { env: { DOCKER_CONFIG, PATH: `${bin}:${process.env.PATH}` } };
  const image = `${locked.host}/app:1`;
  assert.match((await cli().tdctl(`pull ${image}`, options)).stderr, /pull access denied for/);
  const { code, stderr } = await cli().tdctl(`login -u alice -p secret ${locked.host}`, options);
  assert.deepEqual([code, stderr], [0, 'WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n']);
  assert.deepEqual(JSON.parse(readFileSync(join(home, 'kept'), 'utf8')), {
    ServerURL: locked.host,
    Username: 'alice',
    Secret: 'secret',
  });
  const config = readFileSync(join(DOCKER_CONFIG, 'config.json'), 'utf8');
  assert.deepEqual(JSON.parse(config), { credsStore: 'test', psFormat: 'x', auths: { [locked.host]: {} } });
  await cli().ok(`pull -q ${image}`, options);
  await cli().ok(`rmi -f ${image}`);
  await cli().ok(`logout ${locked.host}`, options);
  assert.equal(readFileSync(join(home, 'erased'), 'utf8'), locked.host);
});

test('save, load, import and verify', async () => {
  const archive = join(home, 'x.tar');
  await cli().ok(`save -o ${archive} busybox`);
  assert.match(execFileSync('tar', ['-tf', archive], { encoding: 'utf8' }), /^manifest.json$/m);
  assert.equal(await cli().ok(`load -i ${archive}`), 'Loaded image: busybox:latest');
  assert.match((await cli().tdctl('image save nonesuch')).stderr, /No such image: nonesuch:latest/);
  assert.match((await cli().tdctl(`save -o ${home}/none/x busybox`)).stderr, /invalid output path/);
  const root = join(home, 'root.tar');
  writeFileSync(root, tar([{ name: 'x', content: 'y' }]));
  const id = await cli().ok(['import', '-c', 'LABEL a=b', '-m', 'word', root, 'imported:1']);
  assert.match(id, /^sha256:[0-9a-f]{64}$/);
  assert.equal(await cli().ok(['image', 'inspect', '-f', '{{.Config.Labels.a}} {{.Comment}}', 'imported:1']), 'b word');
  assert.match(await cli().ok('image verify'), /^\d+ checked, 0 broken$/);
  const layer = await cli().ok(['image', 'inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', 'imported:1']);
  writeFileSync(join(layer, 'x'), 'z');
  const broken = await cli().tdctl('image verify -q imported:1');
  assert.deepEqual([broken.code, broken.stdout], [1, `layer ${layer} (imported:1): "x" has another content\n`]);
  await cli().ok('rmi imported:1');
});
