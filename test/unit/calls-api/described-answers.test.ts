import { expect, it } from 'vitest';
import { API_KEY } from '../../support/api-server.ts';
import { tenancy } from '../../support/tenancy/house.ts';
import { type Ask, CREATIONS, REQUESTS, urlOf } from '../../support/tenancy/requests.ts';

/** What stands in the way of a thing that is there. */
const ALREADY = ['create_assignment', 'delete_phone_number'];
const OF_INSTALLATION: Readonly<Record<string, Ask>> = {
  list_projects: {},
  create_project: { body: { name: 'Clinic' } },
};

it('every answer is one that its operation describes, and has no field beside those', async () => {
  const house = await tenancy();
  const { server, own } = house;
  const routes = server.describedRoutes.toSorted((a, b) => lateness(a.operation) - lateness(b.operation));
  const undescribed: string[] = [];
  for (const route of routes) {
    const { id, answers = {}, installation, passesThrough } = route.operation;
    const ask = REQUESTS[id]?.(own, own)[0] ?? CREATIONS[id]?.() ?? OF_INSTALLATION[id];
    if (ask === undefined || ALREADY.includes(id)) continue;
    const { body } = ask;
    const response = await server.inject({
      method: route.method as 'GET',
      url: urlOf(route, ask),
      headers: {
        'x-api-key': installation === true ? API_KEY : own.key,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    });
    const place = `${route.method} ${route.url}: ${response.statusCode}`;
    const isGone = response.statusCode === 404 && lateness(route.operation) > 0;
    // What Graph would say, nobody says here.
    if (passesThrough === true && response.body === '{"success":true}') continue;
    const answer = answers[response.statusCode];
    if (answer === undefined) {
      if (passesThrough !== true && !isGone) undescribed.push(`${place} ${response.body}`);
      continue;
    }
    if (answer.body === null) {
      expect([place, response.body]).toEqual([place, '']);
      continue;
    }
    if (answer.contentType !== undefined && answer.contentType !== 'application/json') continue;
    const parsed = answer.body.safeParse(response.json());
    expect([place, parsed.error?.issues ?? []]).toEqual([place, []]);
    expect({ place, body: response.json() }).toEqual({ place, body: parsed.data });
  }
  expect(undescribed).toEqual([]);
});

/** What takes things away comes last, and the key that asks after all else. */
function lateness({ id }: { readonly id: string }): number {
  return ['delete', 'revoke'].indexOf(id.split('_')[0] ?? '') + 1;
}
