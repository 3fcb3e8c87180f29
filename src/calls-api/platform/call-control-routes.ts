import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { InvalidFields } from '../../agents/index.ts';
import type { VoiceAgentBook } from '../../agents/ports.ts';
import type { ControlRefusal } from '../../runtime/ports.ts';
import { callDetailAnswer } from '../base/call-answer.ts';
import { callerOf } from '../base/caller.ts';
import type { ApiErrorName } from '../base/error-table.ts';
import { ApiError } from '../base/errors.ts';
import { described, type Operation } from '../base/operation.ts';
import type { CallControls, CallDetail, CallQueries } from '../ports.ts';
import { agentOf } from './agent-lookup.ts';
import { messageBody, messageIn, promptBody, promptIn, transferBody, transferIn } from './control-body.ts';

export interface CallControlRoutesOptions {
  readonly calls: Pick<CallQueries, 'find'>;
  readonly agents: VoiceAgentBook;
  readonly controls: CallControls;
}

interface CallRoute {
  Params: { id: string };
}

const CALL = '/platform/v1/whatsapp/calls/:id';

/** Calls that are going on: a prompt, a word to the agent, another agent. By our id of the call or Meta's. */
export function callControlRoutes(
  server: FastifyInstance,
  { calls, agents, controls }: CallControlRoutesOptions,
): void {
  async function callOf(request: FastifyRequest<CallRoute>): Promise<CallDetail> {
    const call = await calls.find(callerOf(request).projectId, request.params.id);
    if (call === null) throw new ApiError('call_not_found');
    return call;
  }

  server.post<CallRoute>(`${CALL}/prompt`, PROMPT, async (request, reply) => {
    const call = await callOf(request);
    const order = { id: randomUUID(), ...promptIn(request.body) };
    const fault = await controls.promptFault(order.prompt);
    if (fault !== null) throw new InvalidFields({ prompt: [fault] });
    const refusal = controls.announce(call.id, order);
    if (refusal !== null) throw refusalError(refusal);
    return reply.code(202).send({ data: call, prompt: order });
  });

  server.post<CallRoute>(`${CALL}/messages`, MESSAGE, async (request, reply) => {
    const call = await callOf(request);
    const refusal = controls.tell(call.id, messageIn(request.body));
    if (refusal !== null) throw refusalError(refusal);
    return reply.code(202).send({ data: call });
  });

  server.post<CallRoute>(`${CALL}/transfer`, TRANSFER, async (request) => {
    const call = await callOf(request);
    const wanted = transferIn(request.body);
    const { id } = agentOf(request, agents, wanted.voiceAgentId);
    const outcome = await controls.transfer(call.id, wanted);
    if (typeof outcome === 'string') throw refusalError(outcome);
    if (outcome.type === 'failed') {
      const { code } = outcome;
      if (code === 'call_over') throw refusalError('over');
      throw new ApiError('transfer_failed', undefined, { extra: { reason: code } });
    }
    const after = await calls.find(callerOf(request).projectId, call.id);
    return { data: after, transfer: { state: outcome.type, voice_agent_id: id } };
  });
}

type Refusal = ControlRefusal | 'no_word' | 'cannot_take_over';

const REFUSALS: Readonly<Record<Exclude<Refusal, 'cannot_take_over'>, readonly [ApiErrorName, string | undefined]>> = {
  over: ['no_conversation', 'The call is over, or ending'],
  elsewhere: ['call_elsewhere', 'A client or a runtime has the media of this call'],
  not_answered: ['no_conversation', 'The call is not answered yet'],
  no_agent: ['no_conversation', undefined],
  agent_not_ready: ['no_conversation', 'The agent of this call is being connected'],
  too_many_prompts: ['too_many_prompts', undefined],
  transfer_under_way: ['transfer_under_way', undefined],
  agent_has_it: ['agent_has_call', undefined],
  no_word: ['no_messages', undefined],
};

function refusalError(refusal: Refusal): Error {
  if (refusal === 'cannot_take_over') {
    return new InvalidFields({
      voice_agent_id: ['must be an agent that this service speaks for; a runtime answers its calls itself'],
    });
  }
  const [name, details] = REFUSALS[refusal];
  return new ApiError(name, details, { extra: { reason: refusal } });
}

const CALL_ERRORS = ['call_not_found', 'invalid_fields', 'call_elsewhere', 'no_conversation'] as const;

const PROMPT = operation({
  id: 'play_prompt',
  summary: 'Play a prompt while an agent has the call',
  description:
    'The caller hears the prompt alone. What the agent says meanwhile is held and goes on after it; with `interrupt`, what it had queued is thrown away first. Several prompts play one after the other. The timeline tells what became of each, by its id.',
  body: promptBody,
  answers: {
    202: {
      description: 'It plays, or waits for those before it',
      body: z.object({
        data: callDetailAnswer,
        prompt: z.object({ id: z.uuid(), prompt: z.string(), interrupt: z.boolean() }),
      }),
    },
  },
  errors: [...CALL_ERRORS, 'too_many_prompts'],
});

const MESSAGE = operation({
  id: 'send_agent_message',
  summary: 'Send a message to the agent of a call',
  description: 'Goes to the agent in the way of its protocol (docs/agents.md); the caller hears nothing of it.',
  body: messageBody,
  answers: { 202: { description: 'It is on its way', body: z.object({ data: callDetailAnswer }) } },
  errors: [...CALL_ERRORS, 'no_messages'],
});

const TRANSFER = operation({
  id: 'transfer_call',
  summary: 'Give a call to another voice agent',
  description:
    'The agent before goes on speaking until the new one is connected. Answered when that one has the call or cannot be had, at the latest after its `connect_timeout_seconds`.',
  body: transferBody,
  answers: {
    200: {
      description: 'The new agent has the call',
      body: z.object({
        data: callDetailAnswer,
        transfer: z.object({
          state: z.enum(['transferred', 'waiting']).meta({
            description: '`waiting`: the agent before was gone first, and the new one is being connected',
          }),
          voice_agent_id: z.string(),
        }),
      }),
    },
  },
  errors: [...CALL_ERRORS, 'voice_agent_not_found', 'transfer_under_way', 'agent_has_call', 'transfer_failed'],
});

function operation(rest: Omit<Operation, 'tag' | 'scope'>) {
  return described({ tag: 'Calls', scope: 'calls', ...rest });
}
