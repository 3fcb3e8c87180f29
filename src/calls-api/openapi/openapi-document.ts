import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import type { Operation } from '../base/operation.ts';
import { errorAnswers } from './error-answers.ts';
import type { DescribedRoute } from './route-book.ts';

export type OpenApiDocument = ReturnType<typeof createDocument>;

const INTRO = `The API of talkwire. Routes under \`/meta/whatsapp/{version}\` have the shapes of Meta's Graph and of Kapso's proxy; they
are also served without a version, and under \`/api/meta/{version}\`. Routes under \`/platform/v1\` are this service's own.
Every route wants a key, and says which scope opens it: \`read\`, \`calls\` (opens \`read\` too) or \`admin\` (opens everything).
A key sees what belongs to its own project. A key of the environment acts in the first project, or in the one that the header
\`X-Project-Id\` names.`;

/** What the parameters of paths are, by their names. */
const PATH_PARAMETERS: Readonly<Record<string, z.ZodType>> = {
  version: z
    .string()
    .regex(/^v\d+\.\d+$/)
    .meta({ description: 'Version of Graph; handed on', example: 'v24.0' }),
  phone_number_id: z
    .string()
    .meta({ description: "Meta's id of a business number, not the number", example: '106540352242922' }),
};

/**
 * The description of the API in OpenAPI 3.1, made of the zod schemas of its routes. An operation that several paths lead to
 * is described under the first; the others are named there.
 */
export function openApiDocument(routes: readonly DescribedRoute[], version: string): OpenApiDocument {
  const operations = new Map<string, DescribedRoute[]>();
  for (const route of routes) {
    const key = route.operation.id;
    operations.set(key, [...(operations.get(key) ?? []), route]);
  }
  const paths: ZodOpenApiPathsObject = {};
  for (const [first, ...aliases] of operations.values()) {
    if (first === undefined) continue;
    const { path, parameters } = openApiPath(first.url);
    paths[path] = { ...paths[path], [first.method.toLowerCase()]: operationObject(first, aliases, parameters) };
  }
  return createDocument(
    {
      openapi: '3.1.0',
      info: { title: 'talkwire', version, description: INTRO, license: { name: 'MIT', identifier: 'MIT' } },
      servers: [{ url: '/' }],
      security: [{ apiKey: [] }, { bearer: [] }],
      paths,
      components: {
        securitySchemes: {
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          bearer: { type: 'http', scheme: 'bearer' },
        },
      },
    },
    // Rules that are functions have no form in JSON Schema; their texts are in the descriptions.
    { allowEmptySchema: { custom: true, transform: true, pipe: true, unknown: true, any: true } },
  );
}

function operationObject(
  route: DescribedRoute,
  aliases: readonly DescribedRoute[],
  parameters: readonly string[],
): ZodOpenApiOperationObject {
  const { operation } = route;
  const { id, tag, summary, body, query, headers } = operation;
  const path = z.object(Object.fromEntries(parameters.map((name) => [name, PATH_PARAMETERS[name] ?? z.string()])));
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: descriptionOf(operation, aliases),
    requestParams: { path, ...(query !== undefined && { query }), ...(headers !== undefined && { header: headers }) },
    ...(body !== undefined && { requestBody: { required: true, content: { 'application/json': { schema: body } } } }),
    responses: { ...answersOf(operation), ...errorAnswers(route) },
  };
}

function descriptionOf({ description, scope, installation }: Operation, aliases: readonly DescribedRoute[]): string {
  const also = aliases.map(({ url }) => `\`${openApiPath(url).path}\``);
  return [
    ...(description === undefined ? [] : [description]),
    installation === true ? 'Only keys of the environment (`TALKWIRE_API_KEYS`) open it.' : `Scope: \`${scope}\`.`,
    ...(also.length === 0 ? [] : [`Also at ${also.join(', ')}.`]),
  ].join('\n\n');
}

const GRAPHS_OWN = { description: "Graph's own answer, unchanged" };

function answersOf({ answers = {}, passesThrough }: Operation) {
  const given = Object.entries(answers).map(([status, { description, body, contentType = 'application/json' }]) => [
    status,
    { description, ...(body !== null && { content: { [contentType]: { schema: body } } }) },
  ]);
  return { ...Object.fromEntries(given), ...(passesThrough && { default: GRAPHS_OWN }) };
}

/** Fastify's `:phoneNumberId` is `{phone_number_id}` here; the rule of a parameter is in its schema. */
function openApiPath(url: string): { readonly path: string; readonly parameters: readonly string[] } {
  const parameters: string[] = [];
  const path = url.replace(/:([A-Za-z]+)(\((?:[^()]|\\.)*\))?|\*/g, (_, name: string | undefined) => {
    const parameter = (name ?? 'path').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    parameters.push(parameter);
    return `{${parameter}}`;
  });
  return { path, parameters };
}
