import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ok } from '../helpers/api.js';
import { type BuildQuery, buildArchive, build as buildWith, type ContextFiles, contextTar } from '../helpers/build.js';
import { Engine, uniqueName } from '../helpers/engine.js';

const engine = await Engine.open();
after(() => engine.close());
const root = engine.daemon!.dataRoot;

interface Image {
  Id: string;
  RepoTags: string[];
  Author: string;
  Config: Record<string, unknown>;
  RootFS: { Layers: string[] };
}

const build = (dockerfile: string, files: ContextFiles = {}, query: BuildQuery = {}) =>
  buildWith(engine.api, dockerfile, files, query);
const image = (id: string) => ok<Image>(engine.api.get(`/images/${id}/json`), 200);

/** Builds what has to work. */
async function made(dockerfile: string, files: ContextFiles = {}, query: BuildQuery = {}) {
  const built = await build(dockerfile, files, query);
  assert.equal(built.error, undefined, built.text);
  return built;
}

/** What a command says in an image. */
async function said(id: string, command: string): Promise<string> {
  const { stdout, stderr } = await engine.run(['sh', '-c', command], { Image: id, Entrypoint: [] });
  return stdout + stderr;
}

/** Builds, and gives what a command says in the result. */
const saidOf = async (command: string, dockerfile: string, files: ContextFiles = {}, query: BuildQuery = {}) =>
  said((await made(dockerfile, files, query)).id, command);

describe('instructions', () => {
  test('every one of them', async () => {
    const { id, text } = await made(
      `ARG FROM=busybox
FROM $FROM AS first
ARG X=1
ENV A=b C="d e" PATH=$PATH:/opt
LABEL l=m "n o"=p
MAINTAINER me <me@example.org>
WORKDIR /app
WORKDIR x
COPY a.txt ./
ADD b.txt /
RUN echo "$X $A $C" >out && pwd >>out && id -u >>out
RUN ["sh", "-c", "echo $0 >>out", "word"]
SHELL ["/bin/sh", "-e", "-c"]
RUN echo "$-" | grep -q e && echo shell >>out
EXPOSE 80 53/udp
VOLUME /data
RUN mkdir -p /data && echo kept >/data/f
USER 1000:1000
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --retries=2 CMD true
ONBUILD RUN echo trigger
ENTRYPOINT ["sh", "-c"]
CMD ["cat /app/x/out /app/x/a.txt /b.txt /data/f; id -u"]`,
      { 'a.txt': 'a\n', 'b.txt': 'b\n' },
    );
    const { Config, Author } = await image(id);
    assert.equal(Author, 'me <me@example.org>');
    assert.deepEqual(Config, {
      User: '1000:1000',
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt', 'A=b', 'C=d e'],
      Entrypoint: ['sh', '-c'],
      Cmd: ['cat /app/x/out /app/x/a.txt /b.txt /data/f; id -u'],
      Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5e9, Retries: 2 },
      Volumes: { '/data': {} },
      WorkingDir: '/app/x',
      Labels: { l: 'm', 'n o': 'p' },
      OnBuild: ['RUN echo trigger'],
      StopSignal: 'SIGINT',
      Shell: ['/bin/sh', '-e', '-c'],
    });
    const { stdout } = await engine.run([], { Image: id, Cmd: undefined });
    assert.equal(stdout, '1 b d e\n/app/x\n0\nword\nshell\na\nb\nkept\n1000\n');
    assert.match(text, /^Step 1\/23 : ARG FROM=busybox\nStep 2\/23 : FROM \$FROM AS first\n ---> [0-9a-f]{12}\n/);
    assert.match(text, /\n ---> Running in [0-9a-f]{12}\n/);
    assert.match(text, /\nSuccessfully built [0-9a-f]{12}\n$/);
    // What the image wants to have done before anything else.
    const child = await made(`FROM ${id}\nUSER root`);
    assert.match(child.text, /# Executing 1 build trigger\n ---> Running in .*\ntrigger\n/);
    assert.equal((await image(child.id)).Config.OnBuild ?? null, null);
  });

  test('arguments: who sees them, and what they are', async () => {
    const dockerfile = `ARG G=global
FROM busybox
ARG G
ARG A=default
ARG N
ENV E=$A-\${N:-none}-\${G%l}
ARG E=hidden
RUN echo "$G|$A|\${N-unset}|$E|$HTTP_PROXY|$TARGETARCH" >/o
ARG TARGETARCH
RUN [ -n "$TARGETARCH" ] && env >/env`;
    assert.equal(await saidOf('cat /o', dockerfile), 'global|default|unset|default-none-globa||\n');
    const buildargs = JSON.stringify({ A: 'given', G: 'mine', HTTP_PROXY: 'p:1', OTHER: 'x' });
    const other = await made(dockerfile, {}, { buildargs });
    assert.equal(await said(other.id, 'cat /o'), 'mine|given|unset|given-none-mine|p:1|\n');
    assert.match(other.text, /\[Warning\] One or more build-args \[OTHER\] were not consumed\n/);
    // Nothing of them stays in the image.
    assert.equal((await said(other.id, 'env')).includes('given\n'), false);
    assert.deepEqual((await image(other.id)).Config.Env, [
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'E=given-none-mine',
    ]);
  });

  test('here-documents', async () => {
    const dockerfile = `FROM busybox
ARG WHO=you
RUN <<EOF
echo first >/o
echo "hello $WHO" >>/o
EOF
RUN cat >>/o <<-A && cat >>/o <<'B'
	tabs $WHO
	A
raw $WHO
B
RUN <<SCRIPT
#!/bin/awk -f
BEGIN { print "awk" >>"/o" }
SCRIPT
COPY <<one.txt <<"two.txt" /d/
text for "$WHO"
one.txt
not for $WHO
two.txt`;
    const wanted = 'first\nhello you\ntabs you\nraw $WHO\nawk\ntext for "you"\nnot for $WHO\n';
    assert.equal(await saidOf('cat /o /d/one.txt /d/two.txt', dockerfile), wanted);
  });

  test('a command that fails ends the build: its output, its code, its line', async () => {
    const built = await build('FROM busybox\n\nRUN echo out; echo err >&2; exit 3\nRUN echo never');
    assert.equal(built.error, "The command '/bin/sh -c echo out; echo err >&2; exit 3' returned a non-zero code: 3");
    assert.equal(built.code, 3);
    assert.match(built.text, /out\n/);
    assert.match(built.text, /\x1b\[91merr\n\x1b\[0m/);
    assert.doesNotMatch(built.text, /never/);
    const failed = built.messages.find(({ step }) => step?.state === 'failed')?.step;
    assert.deepEqual([failed?.line, failed?.exitCode, failed?.index], [3, 3, 2]);
    assert.deepEqual(await ok(engine.api.get('/containers/json', { all: 1 })), []);
    assert.deepEqual(readdirSync(join(root, 'ingest')), []);
  });
});

describe('files', () => {
  const tree: ContextFiles = [
    { name: 'd/', type: '5', mode: 0o750 },
    { name: 'd/one', content: '1\n', mode: 0o600 },
    { name: 'd/e/', type: '5' },
    { name: 'd/e/two.md', content: '2\n' },
    { name: 'd/link', type: '2', link: 'one' },
    { name: 'top.md', content: 't\n', mode: 0o755 },
    { name: 'x[1].md', content: 'x\n' },
    { name: 'way', type: '2', link: 'd/e' },
  ];

  test('directories, files, wildcards, links', async () => {
    const cases: [copy: string, look: string, wanted: string][] = [
      ['d /n', 'cd /n; find . | sort', '.\n./e\n./e/two.md\n./link\n./one\n'],
      ['d/ /n/', 'stat -c "%a %u" /n /n/one; readlink /n/link', '750 0\n600 0\none\n'],
      ['top.md /n', 'stat -c %a /n', '755\n'],
      ['top.md /n/', 'ls /n', 'top.md\n'],
      ['top.md d/one /tmp/', 'ls /tmp', 'one\ntop.md\n'],
      ['top.md /tmp', 'ls /tmp', 'top.md\n'],
      ['*.md /n/', 'ls /n', 'top.md\nx[1].md\n'],
      ['x[[]1].md /n', 'cat /n', 'x\n'],
      ['d/?ne /n', 'cat /n', '1\n'],
      ['way/two.md /n', 'cat /n', '2\n'],
      ['d/link /n', 'cat /n; [ -L /n ] || echo file', '1\nfile\n'],
      ['/d/../top.md ./n/../m', 'cat /m', 't\n'],
      ['["top.md", "/a b/"]', 'ls "/a b"', 'top.md\n'],
      ['--chown=7:8 --chmod=0421 d /n', 'stat -c "%u:%g %a" /n /n/one /n/e/two.md', '7:8 421\n7:8 421\n7:8 421\n'],
      ['--chmod=go=rX,u+x,+t d /n', 'stat -c %a /n /n/one /n/e/two.md', '1755\n1744\n1744\n'],
      ['--chown=root d/one /n', 'stat -c "%u:%g" /n', '0:0\n'],
      ['--exclude=e --exclude=*ink d /n', 'ls /n', 'one\n'],
      ['--exclude=**/*.md d /n', 'find /n -type f', '/n/one\n'],
      ['--parents d/e/two.md d/one /n/', 'cd /n; find . -type f | sort', './d/e/two.md\n./d/one\n'],
      ['--parents d/./e/two.md /n/', 'cd /n; find . -type f', './e/two.md\n'],
      ['--parents d/**/*.md /n/', 'cd /n; find . -type f', './d/e/two.md\n'],
      ['--link top.md /n', 'cat /n', 't\n'],
    ];
    for (const [copy, look, wanted] of cases)
      assert.equal(await saidOf(look, `FROM busybox\nCOPY ${copy}`, tree), wanted, copy);
  });

  test('directories that are there are added to, links in them are followed', async () => {
    const dockerfile = `FROM busybox
RUN mkdir -m 700 /n /real && echo old >/n/one && echo kept >/n/kept && ln -s /real /link
COPY d /n
COPY top.md /link/sub/
COPY d /link`;
    const wanted = '1\nkept\n700\n/real/e\n/real/link\n/real/one\n/real/sub\n';
    assert.equal(await saidOf('cat /n/one /n/kept; stat -c %a /n; ls -d /real/*', dockerfile, tree), wanted);
  });

  test('what is not there, and what cannot be', async () => {
    const cases: [string, string | RegExp][] = [
      ['COPY nosuch /x', /^COPY failed: file not found in build context or excluded by .dockerignore: stat nosuch: /],
      ['COPY *.none /x', 'COPY failed: no source files were specified'],
      ['COPY *.md /x', /destination must be a directory and end with a \/$/],
      ['COPY ../../etc/passwd /x', /stat etc\/passwd: file does not exist/],
      ['COPY d /bin/busybox', /cannot copy to non-directory/],
      ['COPY --chown=nobodyknows top.md /x', /failed to look up user "nobodyknows"/],
      ['COPY --from=nosuchstage x /x', /nosuchstage/],
      ['COPY a[ /x', /syntax error in pattern/],
    ];
    for (const [line, wanted] of cases) {
      const { error } = await build(`FROM busybox\n${line}`, tree);
      if (typeof wanted === 'string') assert.equal(error, wanted);
      else assert.match(error ?? '', wanted, line);
    }
  });

  test('ADD unpacks archives of the context, and no other files', async () => {
    const inner = contextTar(undefined, { 'in/side': 'archived\n' });
    const files: ContextFiles = [
      { name: 'plain.tar', content: inner },
      { name: 'packed.tgz', content: gzipSync(inner) },
      { name: 'only.gz', content: gzipSync('no archive') },
    ];
    const look = 'cat /a/in/side /b/in/side; zcat /c/only.gz; ls /d';
    const dockerfile = `FROM busybox
ADD plain.tar /a
ADD packed.tgz /b/
ADD only.gz /c/
ADD --unpack=false plain.tar /d/
ADD --chown=5:6 plain.tar /e`;
    assert.equal(
      await saidOf(`${look}; stat -c %u:%g /e/in/side`, dockerfile, files),
      'archived\narchived\nno archiveplain.tar\n5:6\n',
    );
  });

  test('.dockerignore', async () => {
    const files = { '.dockerignore': '*.md\n!top.md\nd\n', 'a.md': '', 'top.md': '', 'd/x': '', 'e/x.md': '' };
    assert.equal(
      await saidOf('cd /c; find . -type f | sort', 'FROM busybox\nCOPY . /c', files),
      './.dockerignore\n./Dockerfile\n./e/x.md\n./top.md\n',
    );
    const own = { ...files, 'sub/my.file': 'FROM busybox\nCOPY . /c', 'sub/my.file.dockerignore': '*\n!a.md' };
    const query = { dockerfile: 'sub/my.file' };
    const { id, error } = await buildArchive(engine.api, contextTar(undefined, own), query);
    assert.equal(error, undefined);
    assert.equal(await said(id, 'ls -a /c'), '.\n..\na.md\n');
  });
});

describe('stages', () => {
  test('what one makes, another takes; what nobody takes is not made', async () => {
    const dockerfile = `FROM busybox AS one
RUN echo one >/f && chown 3:4 /f
FROM busybox AS never
RUN exit 1
FROM scratch AS bare
COPY --from=one /f /f
FROM busybox
COPY --from=0 /f /a
COPY --from=bare /f /b
COPY --from=busybox:latest /bin/busybox /c
COPY --from=one --chown=9 /f /d`;
    const { id, text } = await made(dockerfile);
    assert.equal(
      await said(id, 'cat /a /b; stat -c %u:%g /a /b /d; [ -s /c ] && echo c'),
      'one\none\n3:4\n3:4\n9:9\nc\n',
    );
    assert.doesNotMatch(text, /never/);
    const target = await made(dockerfile, {}, { target: 'BARE' });
    assert.equal((await image(target.id)).RootFS.Layers.length, 1);
    const { error } = await build(dockerfile, {}, { target: 'nosuch' });
    assert.equal(error, 'target stage "nosuch" could not be found');
  });

  test('run side by side, and read as if they did not', async () => {
    // Each waits for the other, through a directory that both have.
    const meet = (mine: string, other: string) =>
      `RUN --mount=type=cache,id=meet,target=/m touch /m/${mine}; while [ ! -e /m/${other} ]; do :; done; echo ${mine} was here`;
    const { text } = await made(
      `FROM busybox AS a\n${meet('a', 'b')}\nFROM busybox AS b\n${meet('b', 'a')}\nFROM scratch\nCOPY --from=a /etc /a\nCOPY --from=b /etc /b`,
    );
    const order = ['Step 1/', 'Step 2/', 'a was here', 'Step 3/', 'Step 4/', 'b was here', 'Step 5/'].map((word) =>
      text.indexOf(word),
    );
    assert.deepEqual(
      order,
      [...order].sort((x, y) => x - y),
      text,
    );
  });
});

describe('requests', () => {
  test('names, labels, quiet', async () => {
    const [first, second] = [uniqueName('built'), uniqueName('built')];
    const built = await made('FROM busybox\nCMD x', {}, { t: [`${first}:v1`, second], labels: '{"a":"b c\\"$d"}' });
    assert.match(built.text, new RegExp(`Successfully tagged ${first}:v1\nSuccessfully tagged ${second}:latest\n$`));
    const { RepoTags, Config } = await image(built.id);
    assert.deepEqual(RepoTags, [`${first}:v1`, `${second}:latest`].sort());
    assert.deepEqual(Config.Labels, { a: 'b c"$d' });
    const quiet = await made('FROM busybox\nCMD x', {}, { q: 1, labels: '{"a":"b c\\"$d"}' });
    assert.equal(quiet.text, `${built.id}\n`);
  });

  test('images between two steps are nobody’s: shown with all, kept by prune', async () => {
    const before = (await ok<Image[]>(engine.api.get('/images/json'))).length;
    const { id } = await made('FROM busybox\nENV between=1\nENV between=2');
    const list = await ok<Image[]>(engine.api.get('/images/json'));
    assert.equal(list.length, before + 1);
    const all = await ok<Image[]>(engine.api.get('/images/json', { all: 1 }));
    assert.ok(all.length > list.length);
    await ok(engine.api.delete(`/images/${id}`));
    assert.equal((await made('FROM busybox\nENV between=1\nENV between=2')).steps['ENV between=1'], 'cached');
  });

  test('platforms: this machine’s', async () => {
    const { Architecture } = await ok<{ Architecture: string }>(engine.api.get('/images/busybox/json'));
    const built = await made(
      'FROM --platform=$TARGETPLATFORM busybox\nARG TARGETARCH\nRUN echo $TARGETARCH',
      {},
      { platform: `linux/${Architecture}` },
    );
    assert.ok(built.text.includes(`\n${Architecture}\n`));
    const { error } = await build('FROM busybox', {}, { platform: 'linux/s390x' });
    assert.match(error ?? '', /its platform \(linux\/\w+\) does not match the specified platform \(linux\/s390x\)/);
  });

  test('archives in every compression, and what is none', async () => {
    const archive = contextTar('FROM busybox\nENV packed=1');
    assert.equal((await buildArchive(engine.api, gzipSync(archive))).error, undefined);
    const broken = await buildArchive(engine.api, Buffer.from('this is no archive'.repeat(100)));
    assert.equal(broken.status, 400);
    assert.match(broken.error ?? '', /build context/);
    const cut = await buildArchive(engine.api, archive.subarray(0, 520));
    assert.equal(cut.status, 400);
    const none = await buildArchive(engine.api, undefined);
    assert.deepEqual([none.status, none.error], [400, 'the build context is missing: the body is to be an archive']);
    assert.deepEqual(readdirSync(join(root, 'ingest')), []);
  });

  test('what is wrong is said before anything is done', async () => {
    const cases: [string, BuildQuery, number, string | RegExp][] = [
      ['FROM busybox\nFOO', {}, 400, 'dockerfile parse error on line 2: unknown instruction: FOO (did you mean FROM?)'],
      ['RUN x', {}, 400, 'no build stage in current context'],
      ['FROM busybox', { dockerfile: 'other' }, 400, /failed to read dockerfile: open other/],
      ['FROM busybox', { buildargs: '[' }, 400, 'error reading build args: not valid JSON'],
      ['FROM busybox', { buildargs: '[]' }, 400, 'error reading build args: unexpected form'],
      ['FROM busybox', { squash: 1 }, 501, /squash/],
      ['FROM busybox', { outputs: '[{"Type":"local"}]' }, 501, /outputs/],
      ['FROM busybox', { version: '2' }, 501, /DOCKER_BUILDKIT=0/],
      ['FROM busybox', { t: 'UPPER' }, 400, /must be lowercase/],
      ['# syntax=some/frontend\nFROM busybox', {}, 400, /runs no frontend/],
      ['   \n', {}, 400, /cannot be empty/],
    ];
    for (const [dockerfile, query, status, message] of cases) {
      const built = await build(dockerfile, {}, query);
      assert.equal(built.status, status, built.error);
      if (typeof message === 'string') assert.equal(built.error, message);
      else assert.match(built.error ?? '', message);
    }
  });
});
