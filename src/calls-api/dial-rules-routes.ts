import type { FastifyInstance } from 'fastify';
import type { DialRulesBook } from '../permissions/index.ts';
import { dialRulesIn, toDialRules } from './dial-rules.ts';
import { ApiError } from './errors.ts';

interface NumberRoute {
  Params: { phoneNumberId: string };
}

const PATH = '/platform/v1/whatsapp/phone_numbers/:phoneNumberId/dial_rules';

/** How a number calls people. */
export function dialRulesRoutes(server: FastifyInstance, book: DialRulesBook, now: () => number): void {
  const answer = (phoneNumberId: string) => {
    const rules = book.dialRules(phoneNumberId);
    if (rules === null) throw new ApiError('number_not_found');
    return { data: { phone_number_id: phoneNumberId, ...toDialRules(rules) } };
  };

  server.get<NumberRoute>(PATH, async ({ params }) => answer(params.phoneNumberId));

  server.put<NumberRoute>(PATH, async ({ params: { phoneNumberId }, body }) => {
    if (book.dialRules(phoneNumberId) === null) throw new ApiError('number_not_found');
    await book.setDialRules(phoneNumberId, dialRulesIn(body), now());
    return answer(phoneNumberId);
  });
}
