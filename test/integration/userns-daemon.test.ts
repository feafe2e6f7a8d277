import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { TestDaemon } from '../helpers/daemon.js';
import { Engine } from '../helpers/engine.js';
import { GROUPS, usernsEtc } from '../helpers/userns.js';

/* How a daemon with user namespaces begins. */

const etc = await usernsEtc();
after(() => etc.close());

describe('at the start of a daemon', () => {
  const fails = async (args: string[], message: string | RegExp) => {
    const daemon = TestDaemon.prepare({ args, enter: etc.enter });
    await assert.rejects(daemon.launch(), message instanceof RegExp ? message : { message });
    await daemon.close();
  };

  test('what cannot be mapped is a sentence', async () => {
    await fails(
      ['--userns-remap', 'default'],
      /there is no range for "tinydocker-remap" in \/etc\/subuid: add a line such as tinydocker-remap:\d+:65536/,
    );
    await fails(['--userns-remap', 'mapper:nobody-there'], /there is no range for "nobody-there" in \/etc\/subgid/);
    await fails(['--userns-remap', 'broken'], /\/etc\/subuid: "broken:x:y" is not a range of ids/);
    await fails(['--userns-remap', 'zero'], /begins with 0, which is root of the host/);
    await fails(['--userns-remap', 'a:b:c'], /write user, user:group, uid or uid:gid/);
    await fails(
      ['--userns-remap', 'auto', '--userns-pool', 'nobody-there'],
      /cannot use the pool of ids \(--userns-pool nobody-there\)/,
    );
  });

  test('by number, and "auto" for every container that asks for nothing', async () => {
    const numbers = await Engine.open({ config: { 'userns-remap': '4242:4343' }, enter: etc.enter });
    assert.match((await numbers.run(['cat', '/proc/self/gid_map'])).stdout, new RegExp(`^\\s+0\\s+${GROUPS}\\s`));
    await numbers.close();
    const each = await Engine.open({ args: ['--userns-remap', 'auto', '--userns-pool', '800000:70000'] });
    assert.match((await each.run(['cat', '/proc/self/uid_map'])).stdout, /^\s+0\s+800000\s+65536$/m);
    assert.match(
      (await each.run(['cat', '/proc/self/uid_map'], { HostConfig: { UsernsMode: 'host' } })).stdout,
      /4294967295/,
    );
    await each.close();
  });
});
