import type { FastifyRequest } from 'fastify';
import type { VoiceAgent, VoiceAgentBook } from '../../agents/ports.ts';
import { callerOf } from '../base/caller.ts';
import { ApiError } from '../base/errors.ts';

/**
 * A voice agent of the caller's project. Of another's a caller hears what it hears of none.
 *
 * @throws ApiError `voice_agent_not_found`
 */
export function agentOf(request: FastifyRequest, book: VoiceAgentBook, id: string): VoiceAgent {
  const agent = book.get(id);
  if (agent?.projectId !== callerOf(request).projectId) throw new ApiError('voice_agent_not_found');
  return agent;
}
