import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { KNOWN_DIFFERENCES } from './known-differences.js';
import { SCENARIOS } from './scenarios.js';
import { openSides, type Shown } from './sides.js';

const sides = await openSides();
after(() => sides.close());

const known = (text: string) => KNOWN_DIFFERENCES.reduce((shown, { apply }) => apply(shown), text);
const comparable = ({ stdout, stderr, code }: Shown) => ({ stdout: known(stdout), stderr: known(stderr), code });

for (const [group, scenarios] of Object.entries(SCENARIOS)) {
  describe(`docker: ${group}`, () => {
    for (const [name, script] of Object.entries(scenarios)) {
      test(name, async () => {
        const [ours, reference] = await Promise.all([sides.ours.run(script), sides.reference.run(script)]);
        assert.deepEqual(comparable(ours), comparable(reference));
      });
    }
  });
}
