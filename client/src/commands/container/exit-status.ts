import type { ContainerWaitResponse } from '@tinydocker/shared/api/containers.js';
import type { Engine } from '../../api/engine.js';
import { containerPath } from '../../api/paths.js';
import { Failure } from '../../errors.js';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/**
 * Waits for a container. `registered` settles when the daemon watches it: only then is it started, or its end could
 * come unseen.
 */
export function waitForExit(engine: Engine, id: string, condition: WaitCondition) {
  const registered = engine.open('POST', containerPath(id, '/wait'), { query: { condition } });
  const status = registered.then(async (reply) => {
    const answer = JSON.parse(await reply.text()) as ContainerWaitResponse;
    if (answer.Error?.Message) throw new Failure(answer.Error.Message, 125);
    return answer.StatusCode;
  });
  // Whoever waits for it gets the error; if something else failed before, nobody does.
  status.catch(() => {});
  return { registered, status };
}
