import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { InvalidFields } from '../../agents/index.ts';
import type { Assignment, VoiceAgentBook } from '../../agents/ports.ts';
import { ApiError } from '../base/errors.ts';
import type { InTurn } from '../base/in-turn.ts';
import { seesNumber } from '../base/numbers-of-caller.ts';
import { described, type Operation } from '../base/operation.ts';
import type { KnownNumbers } from '../ports.ts';
import { agentOf } from './agent-lookup.ts';
import { assignmentAnswer, toAssignment } from './assignment-answer.ts';
import { assignmentBody, assignmentFields, phoneNumberIn } from './assignment-body.ts';

export interface AssignmentRoutesOptions {
  /** Of the voice agents, without a slash at its end. */
  readonly path: string;
  /** With the older names of Kapso. */
  readonly legacy: boolean;
  readonly book: VoiceAgentBook;
  readonly numbers: KnownNumbers;
  readonly change: InTurn;
  /** Unix milliseconds. */
  readonly now: () => number;
}

interface AgentRoute {
  Params: { id: string };
}

interface AssignmentRoute {
  Params: { id: string; assignmentId: string };
}

/** Which numbers an agent answers: only numbers of its own project. */
export function assignmentRoutes(server: FastifyInstance, options: AssignmentRoutesOptions): void {
  const { book, numbers, legacy, change, now } = options;
  const path = `${options.path}/:id/${legacy ? 'voice_agent_whatsapp_configs' : 'whatsapp/phone_numbers'}`;
  const told = (assignment: Assignment) => toAssignment(assignment, legacy);

  server.get<AgentRoute>(path, LIST, async (request) => {
    const { id } = agentOf(request, book, request.params.id);
    return { data: book.assignments({ voiceAgentId: id }).map(told) };
  });

  server.post<AgentRoute>(path, CREATE, async (request, reply) =>
    change(async () => {
      const { id: voiceAgentId } = agentOf(request, book, request.params.id);
      const fields = assignmentFields(request.body);
      const phoneNumberId = phoneNumberIn(request.body);
      const name = legacy ? 'whatsapp_config_id' : 'phone_number_id';
      if (phoneNumberId === null) throw new InvalidFields({ [name]: ['is required'] });
      if (!seesNumber(request, numbers, phoneNumberId)) {
        throw new InvalidFields({ [name]: ['must be a number of this service'] });
      }
      if (book.assignments({ voiceAgentId, phoneNumberId }).length > 0) {
        throw new InvalidFields({ [name]: ['is assigned to this voice agent already'] });
      }
      const at = now();
      const assignment = { id: randomUUID(), voiceAgentId, phoneNumberId, ...fields, createdAt: at, updatedAt: at };
      await put(book, assignment, at);
      return reply.code(201).send({ data: told(assignment) });
    }),
  );

  server.patch<AssignmentRoute>(`${path}/:assignmentId`, UPDATE, async (request) =>
    change(async () => {
      const old = assignmentOf(request, book, request.params);
      const named = phoneNumberIn(request.body);
      if (named !== null && named !== old.phoneNumberId) {
        throw new InvalidFields({ phone_number_id: ['cannot be changed; make another assignment'] });
      }
      const at = now();
      const assignment = { ...old, ...assignmentFields(request.body, old), updatedAt: at };
      await put(book, assignment, at);
      return { data: told(assignment) };
    }),
  );

  server.delete<AssignmentRoute>(`${path}/:assignmentId`, DELETE, async (request, reply) =>
    change(async () => {
      await book.removeAssignment(assignmentOf(request, book, request.params).id);
      return reply.code(204).send();
    }),
  );
}

const ENVELOPE = 'The fields may stand in an envelope `voice_agent_whatsapp_config`.';
const oneAssignment = z.object({ data: assignmentAnswer });

const LIST = operation({
  id: 'list_assignments',
  summary: 'The numbers that a voice agent is assigned to',
  scope: 'read',
  answers: { 200: { description: 'All of them', body: z.object({ data: z.array(assignmentAnswer) }) } },
  errors: ['voice_agent_not_found'],
});

const CREATE = operation({
  id: 'create_assignment',
  summary: 'Assign a number to a voice agent',
  description: ENVELOPE,
  scope: 'admin',
  body: assignmentBody.extend({
    phone_number_id: z
      .string()
      .optional()
      .meta({ description: 'Required, by this name or by the older `whatsapp_config_id`', example: '106540352242922' }),
    whatsapp_config_id: z.string().optional().meta({ description: 'The older name of `phone_number_id`' }),
  }),
  answers: { 201: { description: 'The assignment', body: oneAssignment } },
  errors: ['voice_agent_not_found', 'invalid_fields', 'primary_taken'],
});

const UPDATE = operation({
  id: 'update_assignment',
  summary: 'Change an assignment',
  description: ENVELOPE,
  scope: 'admin',
  body: assignmentBody,
  answers: { 200: { description: 'The assignment', body: oneAssignment } },
  errors: ['voice_agent_not_found', 'assignment_not_found', 'invalid_fields', 'primary_taken'],
});

const DELETE = operation({
  id: 'delete_assignment',
  summary: 'Delete an assignment',
  scope: 'admin',
  answers: { 204: { description: 'It is gone', body: null } },
  errors: ['voice_agent_not_found', 'assignment_not_found'],
});

function operation(rest: Omit<Operation, 'tag'>) {
  return described({ tag: 'Voice agents', ...rest });
}

/** An agent is primary for one number at most: its newest primary takes the place of the one before (kapso-api.md §14). */
async function put(book: VoiceAgentBook, assignment: Assignment, at: number): Promise<void> {
  const { id, voiceAgentId, isPrimary } = assignment;
  const others = isPrimary ? book.assignments({ voiceAgentId }) : [];
  const demoted = others
    .filter((other) => other.isPrimary && other.id !== id)
    .map((other) => ({ ...other, isPrimary: false, updatedAt: at }));
  await book.putAssignments([...demoted, assignment]);
}

function assignmentOf(
  request: FastifyRequest,
  book: VoiceAgentBook,
  { id, assignmentId }: AssignmentRoute['Params'],
): Assignment {
  const agent = agentOf(request, book, id);
  const assignment = book.assignment(assignmentId);
  if (assignment?.voiceAgentId !== agent.id) throw new ApiError('assignment_not_found');
  return assignment;
}
