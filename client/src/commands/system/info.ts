import type { SystemInfo } from '@tinydocker/shared/api/system.js';
import { VERSION } from '@tinydocker/shared/version.js';
import { refusal } from '../../api/engine.js';
import { ApiError, ConnectionError } from '../../api/errors.js';
import { defineCommand } from '../../command.js';
import { Failure, messageOf } from '../../errors.js';
import { text } from '../../flags/types.js';
import { Template } from '../../output/template/evaluate.js';
import { infoText } from './info-text.js';

const CLIENT_INFO = { Debug: false, Version: VERSION, Context: 'default', Plugins: [], Warnings: null };

export const command = defineCommand({
  names: ['info', 'system info'],
  usage: '[OPTIONS]',
  summary: 'Display system-wide information',
  examples: [
    ['tdctl info', 'All about the engine and its host'],
    ["tdctl info --format '{{.Driver}}'", 'One value'],
  ],
  flags: { format: text("Format output using a custom template: 'json' or 'TEMPLATE'", 'f') },
  args: { min: 0, max: 0 },
  async run({ engine, stdout, stderr }, { flags }) {
    let info: SystemInfo | undefined;
    let failure: string | undefined;
    try {
      info = await engine.get<SystemInfo>('/info');
    } catch (error) {
      if (!(error instanceof ConnectionError) && !(error instanceof ApiError)) throw error;
      failure = error instanceof ApiError ? refusal(error) : error.message;
    }
    if (flags.format) {
      try {
        const template = new Template(flags.format === 'json' ? '{{json .}}' : flags.format);
        if (info) stdout.write(`${template.render({ ...info, ClientInfo: CLIENT_INFO })}\n`);
      } catch (error) {
        throw new Failure(messageOf(error));
      }
    } else {
      const client = `Client:\n Version:    ${VERSION}\n Context:    default\n Debug Mode: false\n\n`;
      stdout.write(`${client}Server:\n${info ? infoText(info) : ''}`);
      for (const warning of info?.Warnings ?? []) stderr.write(`${warning}\n`);
    }
    if (failure !== undefined) throw new Failure(failure);
  },
});
