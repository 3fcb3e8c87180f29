import type { FastifyInstance } from 'fastify';
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

  server.get<NumberRoute>(
    path,
    described({ id: `get_${name}`, tag: 'Phone numbers', summary: `The ${words} of a number`, scope: 'read' }),
    async (request) => answer(platformNumber(request, numbers, request.params.phoneNumberId)),
  );

  server.put<NumberRoute>(
    path,
    described({ id: `put_${name}`, tag: 'Phone numbers', summary: `Replace the ${words} of a number`, scope: 'admin' }),
    async (request) => {
      const phoneNumberId = platformNumber(request, numbers, request.params.phoneNumberId);
      await form.write(phoneNumberId, form.rulesIn(request.body));
      return answer(phoneNumberId);
    },
  );
}
