/** The ways of Kapso's proxy, new and old, each with and without a Graph version (kapso-api.md §1). */
export function proxyPaths(resource: string): string[] {
  return ['/meta/whatsapp', '/api/meta'].flatMap((base) => [
    `${base}/:version(^v\\d+\\.\\d+$)/:phoneNumberId/${resource}`,
    `${base}/:phoneNumberId/${resource}`,
  ]);
}
