import { EngineError } from '@tinydocker/shared/errors.js';
import { LayerHelper } from '../kernel/layer-helper.js';

/** Runs td-layer for something that it answers once. @throws EngineError system, with its reason */
export async function runHelper<T extends object = object>(verb: string, args: readonly string[]): Promise<T> {
  const helper = new LayerHelper(verb, args);
  try {
    const reply = await helper.reply<T>();
    if (!reply.ok) throw new EngineError('system', reply.error);
    return reply;
  } finally {
    await helper.close();
  }
}
