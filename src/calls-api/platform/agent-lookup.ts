import type { VoiceAgent, VoiceAgentBook } from '../../agents/ports.ts';
import { ApiError } from '../base/errors.ts';

/** @throws ApiError `voice_agent_not_found` */
export function agentOf(book: VoiceAgentBook, id: string): VoiceAgent {
  const agent = book.get(id);
  if (agent === null) throw new ApiError('voice_agent_not_found');
  return agent;
}
