import type { FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { Operation } from '../../../src/calls-api/base/operation.ts';
import type { DescribedRoute } from '../../../src/calls-api/openapi/route-book.ts';
import { API_KEY, testApi } from '../../support/api-server.ts';
import { PHONE_NUMBER_ID } from '../../support/call-identity.ts';

const LEVELS = 61;
const TOO_DEEP = `${'['.repeat(LEVELS)}${']'.repeat(LEVELS)}`;

/** Any path that leads to the route; nothing that it names is there. */
function pathTo({ url }: DescribedRoute): string {
  return url
    .replace(/:version\([^)]*\)+/, 'v24.0')
    .replace(/:[A-Za-z]+(\((?:[^()]|\\.)*\))?/g, '4711')
    .replace('*', 'more');
}

async function ask(server: FastifyInstance, route: DescribedRoute, payload?: string): Promise<number> {
  const { statusCode } = await server.inject({
    method: route.method as 'GET',
    url: pathTo(route),
    headers: { 'x-api-key': API_KEY, ...(payload !== undefined && { 'content-type': 'application/json' }) },
    ...(payload !== undefined && { payload }),
  });
  return statusCode;
}

/** Those that read a JSON body of their own; what passes through is Graph's to read. */
function takesBody({ operation, method }: DescribedRoute): boolean {
  return operation.body !== undefined && operation.passesThrough !== true && method !== 'GET';
}

function maySendMuch({ body, errors = [] }: Operation): boolean {
  return body !== undefined || errors.includes('body_too_large');
}

async function routesOf(server: FastifyInstance): Promise<readonly DescribedRoute[]> {
  await server.ready();
  return server.describedRoutes;
}

describe('every route behind a key', () => {
  it('is described in full', async () => {
    const { server } = await testApi();
    for (const { url, operation } of await routesOf(server)) {
      const { answers = {}, passesThrough } = operation;
      const answersWell = passesThrough === true || Object.keys(answers).some((status) => Number(status) < 400);
      expect([url, answersWell]).toEqual([url, true]);
    }
  });

  it('is opened by nobody without a key', async () => {
    const { server } = await testApi();
    for (const route of await routesOf(server)) {
      const { statusCode } = await server.inject({ method: route.method as 'GET', url: pathTo(route) });
      expect([route.method, route.url, statusCode]).toEqual([route.method, route.url, 401]);
    }
  });

  it('answers 404 to a key that names a project that there is not', async () => {
    const { server } = await testApi();
    for (const route of await routesOf(server)) {
      const headers = { 'x-api-key': API_KEY, 'x-project-id': 'none' };
      const { statusCode } = await server.inject({ method: route.method as 'GET', url: pathTo(route), headers });
      expect([route.method, route.url, statusCode]).toEqual([route.method, route.url, 404]);
    }
  });

  it('answers 413 to a body that says it is larger than any may be', async () => {
    const { server } = await testApi();
    for (const route of (await routesOf(server)).filter(({ operation }) => maySendMuch(operation))) {
      const { statusCode } = await server.inject({
        method: route.method as 'POST',
        url: pathTo(route).replace('4711', PHONE_NUMBER_ID),
        headers: { 'x-api-key': API_KEY, 'content-type': 'application/json', 'content-length': String(2 ** 30) },
        payload: '{}',
      });
      expect([route.method, route.url, statusCode]).toEqual([route.method, route.url, 413]);
    }
  });

  it('answers 400 to a page that is none, where pages have numbers', async () => {
    const { server } = await testApi();
    for (const route of (await routesOf(server)).filter(
      ({ operation }) => 'per_page' in (operation.query?.shape ?? {}),
    )) {
      const url = `${pathTo(route).replace('4711', PHONE_NUMBER_ID)}?page=0`;
      const { statusCode } = await server.inject({ url, headers: { 'x-api-key': API_KEY } });
      expect([route.url, statusCode]).toEqual([route.url, 400]);
    }
  });

  it('answers 429 to a key that asks too often', async () => {
    const { server } = await testApi({ requestsPerSecond: 1 });
    for (const route of await routesOf(server)) {
      // A new second may begin between two requests, but hardly twice.
      const statuses = [await ask(server, route), await ask(server, route), await ask(server, route)];
      expect([route.method, route.url, statuses.includes(429)]).toEqual([route.method, route.url, true]);
    }
  });

  it('answers 400 to a body that is no JSON or too deep, and 413 to one that is too large', async () => {
    const { server } = await testApi();
    for (const route of (await routesOf(server)).filter(takesBody)) {
      const place = `${route.method} ${route.url}`;
      expect([place, await ask(server, route, '{')]).toEqual([place, 400]);
      expect([place, await ask(server, route, TOO_DEEP)]).toEqual([place, 400]);
      expect([place, await ask(server, route, `"${'a'.repeat(2 ** 21)}"`)]).toEqual([place, 413]);
    }
  });
});
