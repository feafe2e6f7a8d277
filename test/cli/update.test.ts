import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withDaemon } from './cli.js';

const cli = withDaemon(async (cli) => {
  await cli.ok('run -d --name one -m 64m busybox sleep 1000');
});

test('update: several at once, each by name; what fails is said', async () => {
  await cli().ok('create --name two -m 64m busybox true');
  assert.equal(await cli().ok('update -m 100m --pids-limit 9 --restart on-failure:2 one two'), 'one\ntwo');
  assert.equal(
    await cli().ok([
      'inspect',
      '-f',
      '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.RestartPolicy.Name}}',
      'one',
      'two',
    ]),
    '104857600 9 on-failure\n104857600 9 on-failure',
  );
  const { code, stdout, stderr } = await cli().tdctl('container update -m 1g one nosuch');
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(
    stderr,
    /^Error response from daemon: Cannot update container [0-9a-f]{64}: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time\nError response from daemon: No such container: nosuch\n$/,
  );
});

test('update: warnings come last; nothing to do is a mistake', async () => {
  assert.deepEqual(await cli().tdctl('update --kernel-memory 4m one'), {
    ...{ code: 0, stdout: 'one\n' },
    stderr: 'Specifying a kernel memory limit is deprecated and has no effect. Limitation discarded.\n',
  });
  assert.deepEqual(await cli().tdctl('update one'), {
    ...{ code: 1, stdout: '', stderr: 'you must provide one or more flags when using this command\n' },
  });
  assert.deepEqual(await cli().tdctl('update --restart always:x one'), {
    ...{ code: 1, stdout: '' },
    stderr: 'invalid restart policy format: maximum retry count must be an integer\n',
  });
});
