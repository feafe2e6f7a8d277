import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { referencePid } from '../helpers/reference.js';
import { Registry } from '../helpers/registry.js';
import { until } from '../helpers/until.js';
import { KNOWN_DIFFERENCES } from './known-differences.js';
import { openSides, type Side, type Sides } from './sides.js';

/* The docker command with a registry, each engine with one of its own on its loopback; `$R` is its address. */

const SCENARIOS: Record<string, string> = {
  'push: an image, again, a tag that is not there': `
    docker tag $IMAGE $R/$N/app:1; docker push $R/$N/app:1; echo $?
    docker push $R/$N/app:1; docker push -q $R/$N/app:1; docker push $R/$N/app:2; echo $?; docker push $R/$N/none; echo $?
    docker image inspect -f '{{len .RepoDigests}} {{.RepoTags}}' $R/$N/app:1`,
  'push: all tags': `
    for t in 1 2 3; do docker tag $IMAGE $R/$N/all:$t; done; docker push -a $R/$N/all | grep -c digest; docker push -q -a $R/$N/all`,
  'pull: what is there, by tag and by digest, again, quietly': `
    docker tag $IMAGE $R/$N/app:1; docker push -q $R/$N/app:1 >/dev/null
    printf 'FROM scratch\nCOPY a /\nLABEL a=b\n' >$D/Dockerfile; echo content >$D/a
    docker build -q -t $R/$N/own:1 $D >/dev/null; docker push -q $R/$N/own:1 >/dev/null; docker rmi $R/$N/own:1 | grep -c Untagged; docker builder prune -af >/dev/null
    docker pull $R/$N/own:1; docker pull $R/$N/own:1; docker pull -q $R/$N/own:1
    digest=$(docker image inspect -f '{{index .RepoDigests 0}}' $R/$N/own:1); docker rmi $R/$N/own:1 | grep -c Untagged; docker builder prune -af >/dev/null; docker pull $digest
    docker images --format '{{.Repository}} {{.Tag}}' --filter reference="$R/$N/*" | sort; docker images --digests --format '{{.Repository}} {{.Digest}}' $R/$N/own
    docker history --format '{{.CreatedBy}} {{.Size}} {{.Comment}}' $digest | sed 's/file:[0-9a-f]*/file:/'`,
  'pull: what is not there': `
    docker pull $R/$N/none; echo $?; docker pull $R/$N/none:1; docker pull $R/$N/none@sha256:$(printf '%064d' 0); echo $?
    docker pull -a $R/$N/none; echo $?; docker pull 'NOT A NAME'; echo $?; docker run --rm $R/$N/none; echo $?`,
  'all tags of a repository': `
    for t in 1 2; do docker tag $IMAGE $R/$N/all:$t; done; docker push -q -a $R/$N/all >/dev/null; docker rmi $R/$N/all:1 $R/$N/all:2 >/dev/null
    docker pull -a -q $R/$N/all; docker images --format '{{.Tag}}' $R/$N/all | sort`,
};
const CLEAN_UP = `
docker images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' --filter reference="$R/$N/*" | while read name id; do
  docker rmi -f $name >/dev/null 2>&1; done
docker images -q --filter reference="$R/$N/*" | xargs -r docker rmi -f >/dev/null 2>&1
exit 0
`;

let sides: Sides;
let own: Registry;
let theirs: Registry;
before(async () => {
  sides = await openSides({ env: { DOCKER_BUILDKIT: '0' }, deadline: 60_000 });
  own = await Registry.start();
  const enter = ['nsenter', '-t', String(referencePid()), '-n'];
  theirs = await Registry.start({ enter });
  const ask = [...enter, 'busybox', 'wget', '-q', '-O', '/dev/null', `http://${theirs.host}/v2/`];
  await until("the reference's registry answers", () => {
    try {
      execFileSync(ask[0]!, ask.slice(1), { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
});
after(async () => {
  await own?.close();
  await theirs?.close();
  await sides?.close();
});

async function shown(side: Side, registry: Registry, script: string) {
  const { stdout, stderr } = await side.run(`R=${registry.host}\n${script}${CLEAN_UP}`);
  // Whether the checksum is looked at before or after the download is over is a matter of timing.
  const transfer = (text: string) =>
    text
      .replaceAll(registry.host, 'REGISTRY')
      .replace(/^<short id>: (Verifying Checksum|Download complete|Waiting|Downloading.*|Extracting.*)\n/gm, '')
      .replace(/(digest: sha256:<id> size: )\d+/g, '$1...');
  const plain = (text: string) => KNOWN_DIFFERENCES.reduce((text, { apply }) => apply(text), transfer(text));
  return { stdout: plain(stdout), stderr: plain(stderr) };
}

for (const [name, script] of Object.entries(SCENARIOS)) {
  test(`docker: ${name}`, async () => {
    const [ours, reference] = await Promise.all([
      shown(sides.ours, own, script),
      shown(sides.reference, theirs, script),
    ]);
    assert.match(ours.stdout + ours.stderr, /NAME/);
    assert.deepEqual(ours, reference);
  });
}
