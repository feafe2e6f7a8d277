import { HEADER_BYTES, type Query, RCODE } from './query.js';

const RESPONSE_AND_OPCODE = 0xf8;
const RESPONSE = 0x80;

/** The code of an answer. */
export const rcodeOf = (answer: Buffer): number => answer[3]! & 0x0f;

const lower = (bytes: Buffer): string => bytes.toString('latin1').toLowerCase();

/**
 * Whether a message is the answer to a question that was sent under this id: the same id, and the same question behind it. An error may
 * come without a question, from servers that could not read it. What stands in the records is for the client to judge.
 */
export function isAnswerTo(query: Query, id: number, message: Buffer): boolean {
  if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== id) return false;
  if ((message[2]! & RESPONSE_AND_OPCODE) !== RESPONSE) return false;
  const questions = message.readUInt16BE(4);
  if (questions === 0) return rcodeOf(message) !== RCODE.NOERROR && rcodeOf(message) !== RCODE.NXDOMAIN;
  if (questions !== 1 || message.length < query.questionEnd) return false;
  const asked = query.message.subarray(HEADER_BYTES, query.questionEnd);
  return lower(message.subarray(HEADER_BYTES, query.questionEnd)) === lower(asked);
}
