import type { FastifyInstance } from 'fastify';
import { callRulesIn, toCallRules } from './call-rules.ts';
import { ApiError } from './errors.ts';
import type { NumberRulesBook } from './ports.ts';

interface NumberRoute {
  Params: { phoneNumberId: string };
}

const PATH = '/platform/v1/whatsapp/phone_numbers/:phoneNumberId/call_rules';

/** Who may call a number, when, and how many at once. */
export function callRulesRoutes(server: FastifyInstance, book: NumberRulesBook, now: () => number): void {
  server.get<NumberRoute>(PATH, async ({ params: { phoneNumberId } }) => answer(book, phoneNumberId));

  server.put<NumberRoute>(PATH, async ({ params: { phoneNumberId }, body }) => {
    if (book.rules(phoneNumberId) === null) throw new ApiError('number_not_found');
    await book.setRules(phoneNumberId, callRulesIn(body), now());
    return answer(book, phoneNumberId);
  });
}

function answer(book: NumberRulesBook, phoneNumberId: string) {
  const rules = book.rules(phoneNumberId);
  if (rules === null) throw new ApiError('number_not_found');
  return { data: { phone_number_id: phoneNumberId, ...toCallRules(rules) } };
}
