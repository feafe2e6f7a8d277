import type { ContainerWaitResponse } from '@tinydocker/shared/api/containers.js';
import type { Reply } from '../../api/connection.js';
import type { Engine } from '../../api/engine.js';
import { ConnectionError } from '../../api/errors.js';
import { containerPath } from '../../api/paths.js';
import { Failure } from '../../errors.js';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

interface Exit {
  /** Settles when the daemon watches the container: only then is it started, or its end could come unseen. */
  registered: Promise<unknown>;
  /** The exit code, when it has ended. */
  status(): Promise<number>;
}

async function exitCode(reply: Reply): Promise<number> {
  const answer = JSON.parse(await reply.text()) as ContainerWaitResponse;
  if (answer.Error?.Message) throw new Failure(answer.Error.Message, 125);
  return answer.StatusCode;
}

/** Waits for a container, from before its start. */
export function waitForExit(engine: Engine, id: string, condition: WaitCondition): Exit {
  const wait = (until: WaitCondition) =>
    engine.open('POST', containerPath(id, '/wait'), { query: { condition: until } });
  const registered = wait(condition);
  const first = registered.then(exitCode);
  // Whoever asks for the status gets the error; if something else failed before, nobody does.
  first.catch(() => {});
  const status = async () => {
    try {
      return await first;
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      // The daemon died and the container went on: the next daemon, if there is one by now, knows how it ended.
      return wait('not-running')
        .then(exitCode)
        .catch(() => Promise.reject(error));
    }
  };
  return { registered, status };
}
