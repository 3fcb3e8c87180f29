/** Whether a route is of Kapso's platform, and not of its Meta proxy: their errors have two forms (kapso-api.md §5). */
export function isPlatformPath(url: string): boolean {
  return /^\/(platform|api\/v1)\//.test(url);
}
