import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ApiError } from '../base/errors.ts';
import { platformNumber } from '../base/numbers-of-caller.ts';
import { described } from '../base/operation.ts';
import type { KnownNumbers } from '../ports.ts';

interface NumberRoute {
  Params: { phoneNumberId: string };
}

/** One set of rules of a number, as it is kept and as the API spells it. */
export interface NumberRulesForm<Rules> {
  /** Such as `call_rules`: the last part of the path. */
  readonly name: string;
  /** Null if the number is not ours. */
  readonly read: (phoneNumberId: string) => Rules | null;
  readonly write: (phoneNumberId: string, rules: Rules) => Promise<void>;
  /** Throws InvalidFields. */
  readonly rulesIn: (body: unknown) => Rules;
  readonly toAnswer: (rules: Rules) => object;
  /** What such a body looks like, and how the rules are told. */
  readonly body: z.ZodType;
  readonly answer: z.ZodObject;
}

/** Reads the rules of a number, and replaces them as a whole. */
export function numberRulesRoutes<Rules>(
  server: FastifyInstance,
  numbers: KnownNumbers,
  form: NumberRulesForm<Rules>,
): void {
  const { name } = form;
  const words = name.replace('_', ' ');
  const path = `/platform/v1/whatsapp/phone_numbers/:phoneNumberId/${form.name}`;
  const answer = (phoneNumberId: string) => {
    const rules = form.read(phoneNumberId);
    if (rules === null) throw new ApiError('number_not_found');
    return { data: { phone_number_id: phoneNumberId, ...form.toAnswer(rules) } };
  };

  const answers = {
    200: {
      description: 'The rules, with every field',
      body: z.object({ data: form.answer.extend({ phone_number_id: z.string() }) }),
    },
  };

  server.get<NumberRoute>(
    path,
    described({
      id: `get_${name}`,
      tag: 'Phone numbers',
      summary: `The ${words} of a number`,
      scope: 'read',
      answers,
      errors: ['number_not_found'],
    }),
    async (request) => answer(platformNumber(request, numbers, request.params.phoneNumberId)),
  );

  server.put<NumberRoute>(
    path,
    described({
      id: `put_${name}`,
      tag: 'Phone numbers',
      summary: `Replace the ${words} of a number`,
      description: `The body is the whole of them: what it does not name gets its default. It may stand in an envelope \`${name}\`.`,
      scope: 'admin',
      body: form.body,
      answers,
      errors: ['number_not_found', 'invalid_fields'],
    }),
    async (request) => {
      const phoneNumberId = platformNumber(request, numbers, request.params.phoneNumberId);
      await form.write(phoneNumberId, form.rulesIn(request.body));
      return answer(phoneNumberId);
    },
  );
}
