/**
 * The ways of Kapso's proxy, new and old, each with and without a Graph version (kapso-api.md §1).
 *
 * @param resource what follows the number; null for the number itself
 */
export function proxyPaths(resource: string | null): string[] {
  return proxyWays(resource === null ? '/:phoneNumberId' : `/:phoneNumberId/${resource}`);
}

/** The same of what is not below a number. */
export function proxyWays(path: string): string[] {
  return ['/meta/whatsapp', '/api/meta'].flatMap((base) => [
    `${base}/:version(^v\\d+\\.\\d+$)${path}`,
    `${base}${path}`,
  ]);
}
