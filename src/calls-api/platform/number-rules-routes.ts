import type { FastifyInstance } from 'fastify';
import { ApiError } from '../base/errors.ts';

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
export function numberRulesRoutes<Rules>(server: FastifyInstance, form: NumberRulesForm<Rules>): void {
  const path = `/platform/v1/whatsapp/phone_numbers/:phoneNumberId/${form.name}`;
  const answer = (phoneNumberId: string) => {
    const rules = form.read(phoneNumberId);
    if (rules === null) throw new ApiError('number_not_found');
    return { data: { phone_number_id: phoneNumberId, ...form.toAnswer(rules) } };
  };

  server.get<NumberRoute>(path, async ({ params }) => answer(params.phoneNumberId));

  server.put<NumberRoute>(path, async ({ params: { phoneNumberId }, body }) => {
    if (form.read(phoneNumberId) === null) throw new ApiError('number_not_found');
    await form.write(phoneNumberId, form.rulesIn(body));
    return answer(phoneNumberId);
  });
}
