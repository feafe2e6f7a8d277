import { closeSync, openSync } from 'node:fs';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import { LayerHelper } from '../kernel/layer-helper.js';

/** Writes the upper directory of an overlay to a new file, as the archive of a layer. @throws EngineError invalid, system */
export async function packLayer(upper: string, file: string): Promise<void> {
  const fd = openSync(file, 'wx', 0o600);
  try {
    const helper = new LayerHelper('pack', ['upper', upper], { fds: [fd] });
    const reply = await helper.reply();
    await helper.close();
    if (!reply.ok) throw reply.kind === 'invalid' ? invalid(reply.error) : new EngineError('system', reply.error);
  } finally {
    closeSync(fd);
  }
}
